# The fund in one image: no compiler, no root, no secret, no GPU. What was tried: docs/deployment.md.
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements-build.lock requirements-runtime.lock ./
RUN python -m venv /build \
 && /build/bin/pip install --require-hashes --only-binary=:all: --requirement requirements-build.lock
RUN python -m venv /srv/quantum-os \
 && /srv/quantum-os/bin/pip install --require-hashes --only-binary=:all: --requirement requirements-runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /srv/quantum-os/bin/pip install --no-deps --no-index --find-links /wheels quantum-os \
 && /srv/quantum-os/bin/pip check \
 && /srv/quantum-os/bin/python -m compileall -q /srv/quantum-os/lib \
 && /srv/quantum-os/bin/pip uninstall --yes --quiet setuptools pip

FROM ${PYTHON}
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/quantum-os quantum-os \
 && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/quantum-os
COPY --from=build /srv/quantum-os /srv/quantum-os
ENV PATH=/srv/quantum-os/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    QUANTUM_OS__STORAGE__HOME=/var/lib/quantum-os/home
USER 10001:10001
WORKDIR /var/lib/quantum-os
VOLUME /var/lib/quantum-os
STOPSIGNAL SIGTERM
# The process that claimed the home lives, and journaled something within two minutes.
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 CMD ["quantum-os", "alive"]
ENTRYPOINT ["quantum-os"]
CMD ["run", "--mode", "demo", "--duration", "0", "--speed", "1", "--days", "3650"]
