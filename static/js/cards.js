// What each card can do beyond its links.
"use strict";
