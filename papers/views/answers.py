"""What forms are answered with."""

from django.http import HttpResponseRedirect


class SeeOther(HttpResponseRedirect):
    """The way on from a form that did something: the page there is asked for by GET, whatever the form's own method
    was, and a reload sends nothing twice."""

    status_code = 303
