"""The application object that `flask --app wsgi` and gunicorn load."""

from app import create_app

app = create_app()
