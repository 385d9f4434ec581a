# One image for every process; what a container runs is a line of the Procfile.
FROM python:3.11-slim-bookworm AS build
COPY requirements/base.txt /tmp/base.txt
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/base.txt

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DESK_HOME=/data
RUN useradd --system --uid 10001 --home-dir /desk desk && mkdir /data && chown desk /data
WORKDIR /desk
COPY --from=build /venv /venv
COPY manage.py Procfile ./
COPY tradingdesk tradingdesk
COPY apps apps
COPY templates templates
COPY static static
COPY docs/runbooks docs/runbooks
RUN DESK_HOME=/tmp/build DATABASE_URL=postgres://build REDIS_URL=redis://build SECRET_KEY=build DESK_KEYRING=build DESK_MARK_KEY=build \
    STATIC_ROOT=/desk/.static python manage.py collectstatic --noinput --verbosity 0
USER desk
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["python", "-m", "tradingdesk.embedded"]
CMD ["python", "-m", "uvicorn", "tradingdesk.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--no-access-log"]
