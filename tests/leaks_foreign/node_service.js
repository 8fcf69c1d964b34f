// An HTTP service that leaks at one route each, and at /calm nothing. It knows nothing of midnight.
const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");

const data = process.env.SERVICE_DATA;
const peer = { host: "127.0.0.1", port: Number(process.env.SERVICE_PEER) };
const connections = [];

const routes = {
  "/file": (done) => {
    fs.openSync(data);
    done();
  },
  "/socket": (done) => connections.push(net.connect(peer, done)),
  "/calm": (done) => {
    fs.readFileSync(data);
    const connection = net.connect(peer, () => connection.destroy());
    connection.on("close", done);
  },
};

http
  .createServer((request, response) => (routes[request.url] ?? ((done) => done()))(() => response.end("ok\n")))
  .listen(Number(process.env.SERVICE_PORT), "127.0.0.1");
