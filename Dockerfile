# Papertide for containers: CPU PyTorch, no root.
FROM python:3.13-slim AS build
WORKDIR /app
COPY pyproject.toml requirements.lock ./
COPY scripts ./scripts
RUN python scripts/setup_env.py

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 papertide
WORKDIR /app
COPY --from=build /app/.venv ./.venv
COPY . .
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data HOST=0.0.0.0
RUN DATA_DIR=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build \
    && install -d -o papertide /data
USER papertide
VOLUME /data
EXPOSE 8000
CMD ["sh", "-c", "python manage.py migrate --noinput && exec gunicorn config.wsgi --worker-class gthread --threads 8 --bind 0.0.0.0:8000"]
