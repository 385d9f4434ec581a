"""Runs the processes of the Procfile as one desk: `manage.py desk`."""
