"""Real servers without containers: Elasticsearch, Redis and PostgreSQL for development, tests and CI.

Each module has a `start(folder)` that gives a running server on a free port of 127.0.0.1 with its data in `folder`, or
raises `base.Unavailable` telling what is missing and how to get it. A server never outlives the process that started
it, however that one ends. `python -m scripts.services` is the command line of `make services` and `make institute`.
"""
