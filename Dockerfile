# Papertide for containers: CPU PyTorch, the encoder's weights inside, nobody's privileges.
# An institute's own package index: --build-arg PIP_INDEX_URL=… (and PIP_EXTRA_INDEX_URL).

# The environment is made under the path that it is used under: its scripts name their Python by full path.
FROM python:3.13-slim-trixie AS build
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
WORKDIR /app
COPY pyproject.toml requirements.lock ./
COPY scripts/setup_env.py scripts/
# The installers stay behind. A build with CUDA would add 5 GB that no container here can use: better no image.
RUN python scripts/setup_env.py \
    && .venv/bin/python -c "import sys, torch; sys.exit('PyTorch came with CUDA: the CPU index was not reached' if torch.version.cuda else 0)" \
    && .venv/bin/python -m pip uninstall --quiet --yes uv pip

FROM python:3.13-slim-trixie
# pg_dump and pg_restore for `manage.py backup`, of the major version that docker-compose.yml runs.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 papertide \
    && useradd --no-log-init --uid 10001 --gid 10001 --create-home papertide \
    && install --directory --owner 10001 --group 10001 /data /models /backups
WORKDIR /app
COPY --from=build /app/.venv ./.venv
COPY . .
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    HF_HOME=/models
# All of it root's, which the site cannot change. The secret key that this makes is thrown away with its folder.
RUN DATA_DIR=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q api config papers search workers \
    && rm -rf /tmp/build
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "scripts/healthcheck.py"]
# The heartbeat files of the workers in memory: on a slow disk gunicorn would take a busy worker for a dead one.
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "config.web_worker.Worker", "--threads", "8", \
     "--worker-tmp-dir", "/dev/shm", "--graceful-timeout", "20", "--no-control-socket"]
