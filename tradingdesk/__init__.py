"""Wires the desk: settings, addresses, Celery, embedded servers, supervisor."""

import gc

# Most objects of a process are made while its modules load, and stay. Looking through them for
# garbage every 700 objects, Python's default, is a fifth of the start.
gc.set_threshold(20_000, 20, 20)
