# One image for every role; the command says which.  No Java: production brings its own Kafka.
FROM python:3.11.14-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

RUN useradd --system --uid 10001 --home-dir /var/lib/hub --create-home hub

WORKDIR /app
# The same pinned and hashed packages as `make setup`; a layer of its own, since it seldom changes.
COPY constraints.txt ./
RUN pip install --no-cache-dir --require-hashes -r constraints.txt
COPY pyproject.toml README.md LICENSE ./
COPY hub hub
COPY agents agents
COPY schemas schemas
# Editable, so that the policy and the schemas stay where the repository has them.
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable .

USER hub
VOLUME /var/lib/hub
CMD ["hub", "--help"]
