import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { App, Credentials } from "tombolo";

const token = (expires, userData) =>
  ["{}", JSON.stringify({ exp: expires, iat: 1, user_data: userData }), "signature"]
    .map((part) => Buffer.from(part).toString("base64url"))
    .join(".");

/** A server that knows one user, and syncs nothing: what it does with upgrades is the test's. */
export class ScriptedServer {
  #server = createServer((request, response) => this.#answer(request, response));
  #folder = mkdtempSync(join(tmpdir(), "tombolo-scripted-"));
  #sockets = new Set();
  url;
  /** What is known of the user, and the custom user data in tokens. */
  profile = {};
  userData;
  /** The status of an answer to a request for a new token. */
  refreshStatus = 201;
  /**
   * Answers an upgrade: a status that refuses it, or a function from a session to its JSON_ERROR;
   * null takes it and says nothing.
   */
  onUpgrade = 404;
  /** How many WebSockets were asked for. */
  upgrades = 0;

  async start() {
    this.#server.on("upgrade", (request, socket) => this.#upgrade(request, socket));
    this.#server.on("connection", (socket) => this.#sockets.add(socket));
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
  }
  end() {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    rmSync(this.#folder, { recursive: true, force: true });
  }
  /** An app that knows nobody yet. */
  app(options = {}) {
    const baseFilePath = mkdtempSync(join(this.#folder, "app-"));
    return new App({ id: "dev", baseUrl: this.url, baseFilePath, ...options });
  }
  logIn(app) {
    return app.logIn(Credentials.emailPassword("ada@example.com", "secret1"));
  }

  #answer({ url, method }, response) {
    const answer = (status, body) => {
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(body));
    };
    const inAnHour = Math.floor(Date.now() / 1000) + 3600;
    const session = {
      access_token: token(inAnHour, this.userData),
      refresh_token: token(2 * inAnHour),
    };
    if (url.endsWith("/location")) {
      const hostname = this.url;
      answer(200, { hostname, ws_hostname: hostname.replace("http", "ws"), location: "here" });
    } else if (url.endsWith("/login")) {
      answer(200, { ...session, user_id: "ada", device_id: "device" });
    } else if (url.endsWith("/profile")) {
      const identities = [{ id: "1", provider_type: "local-userpass" }];
      answer(200, { user_id: "ada", identities, data: this.profile });
    } else if (url.endsWith("/auth/session") && method === "POST") {
      const { refreshStatus } = this;
      const refusal = { error: "invalid session", error_code: "InvalidSession" };
      answer(refreshStatus, refreshStatus === 201 ? session : refusal);
    } else {
      answer(404, { error: "not found", error_code: "RouteNotFound" });
    }
  }

  #upgrade({ headers }, socket) {
    socket.on("error", () => {});
    ++this.upgrades;
    if (typeof this.onUpgrade === "number") {
      socket.end(`HTTP/1.1 ${this.onUpgrade} Refused\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const accept = createHash("sha1")
      .update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    const [protocol] = headers["sec-websocket-protocol"].split(",");
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
    );
    if (this.onUpgrade === null) return;
    let received = Buffer.alloc(0);
    socket.on("data", (bytes) => {
      const { frames, rest } = splitFrames(Buffer.concat([received, bytes]));
      received = rest;
      for (const frame of frames) {
        const bind = /^bind (\d+) /.exec(unmasked(frame));
        if (bind === null) continue;
        const body = JSON.stringify(this.onUpgrade(Number(bind[1])));
        const { code } = JSON.parse(body);
        socket.write(binaryFrame(`json_error ${code} ${body.length} ${bind[1]}\n${body}`));
      }
    });
  }
}

/** Frames come in pieces, or several at once, as it pleases the network. */
function splitFrames(bytes) {
  const frames = [];
  let rest = bytes;
  while (rest.length >= 10) {
    const end = headerSize(rest) + 4 + payloadSize(rest);
    if (rest.length < end) break;
    frames.push(rest.subarray(0, end));
    rest = rest.subarray(end);
  }
  return { frames, rest };
}
function headerSize(frame) {
  return { 126: 4, 127: 10 }[frame[1] & 127] ?? 2;
}
function payloadSize(frame) {
  const size = frame[1] & 127;
  if (size === 127) return Number(frame.readBigUInt64BE(2));
  return size === 126 ? frame.readUInt16BE(2) : size;
}
function unmasked(frame) {
  const start = headerSize(frame);
  const mask = frame.subarray(start, start + 4);
  return Buffer.from(frame.subarray(start + 4).map((byte, i) => byte ^ mask[i & 3])).toString();
}
function binaryFrame(text) {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([Buffer.from([0x82, 126]), length, Buffer.from(text)]);
}
