# Toxiproxy with the stack's two proxies, so they survive a restart. The build context is targets/.
ARG BASE=ghcr.io/shopify/toxiproxy:2.12.0
FROM ${BASE}
COPY compose/toxiproxy.json /etc/toxiproxy.json
CMD ["-host=0.0.0.0", "-config=/etc/toxiproxy.json"]
