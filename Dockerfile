# The product's own parts in one image; what a container does is its command: `collect run`, `stream run`, `sink run`.
FROM python:3.12-slim AS build
WORKDIR /src
RUN python -m venv /opt/tierfeed
ENV PATH=/opt/tierfeed/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# The dependencies in a layer of their own: it stays when only the code changes.
COPY pyproject.toml requirements.lock ./
RUN python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
        > dependencies.txt \
    && pip install --quiet --constraint requirements.lock hatchling --requirement dependencies.txt
COPY README.md LICENSE NOTICE ./
COPY tierfeed tierfeed
COPY schemas schemas
COPY infra infra
COPY collectors collectors
COPY streams streams
COPY sinks sinks
COPY tenants tenants
COPY analytics analytics
RUN pip install --quiet --no-deps --no-build-isolation .

FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/tierfeed tierfeed
# The compiler keeps the kernels beside their source: owned by the user who runs them.
COPY --from=build --chown=tierfeed:tierfeed /opt/tierfeed /opt/tierfeed
# Compiled for any processor of the architecture: numba's cache made for the one of the build machine would be of no use
# on another, and every container would compile for itself, 10 to 15 s.
ENV PATH=/opt/tierfeed/bin:$PATH PYTHONUNBUFFERED=1 NUMBA_CPU_NAME=generic TIERFEED_LOG_FORMAT=json
USER tierfeed
WORKDIR /var/lib/tierfeed
RUN tierfeed stream warm
ENTRYPOINT ["tierfeed"]
CMD ["--help"]
