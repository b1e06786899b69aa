# syntax=docker/dockerfile:1
# The agent in a container: one static program and one precompiled component, nothing else.
#
#     docker build -t agent .
#     docker build -t hello --build-arg AGENT=hello-agent .
#     docker run -p 8080:8080 -e ATTACHE_AUTH=none agent
#
# How callers are authenticated is for whoever runs it to say: docs/identity.md. It does not start without.

FROM rust:1.95 AS build
ARG AGENT=agent-component
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry make image PROFILE=release AGENT=$AGENT

FROM scratch
COPY --from=build --chown=0:0 /src/target/image/rootfs/attache-host /src/target/image/rootfs/agent.cwasm /
COPY --from=build --chown=65532:65532 /src/target/image/rootfs/data /data
# What is in the two files, for scanners: CycloneDX.
COPY --from=build --chown=0:0 /src/target/image/sbom.cdx.json /sbom.cdx.json
LABEL org.opencontainers.image.licenses="Apache-2.0"
LABEL org.cyclonedx.sbom="/sbom.cdx.json"
ENV ATTACHE_HOST=0.0.0.0
ENV ATTACHE_COMPONENT=/agent.cwasm
ENV ATTACHE_DATA_DIR=/data
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/attache-host", "serve"]
