// Two devices, one server, 100,000 and more cities: what `./dev demo` shows.
import { fork, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const TOMBOLO = here("../../build/bin/tombolo");
const folder = mkdtempSync(join(tmpdir(), "tombolo-demo-"));
const interactive = process.stdout.isTTY === true;

/** The server, as a process that can be killed and started again on the same data and port. */
class Server {
  port = 0;
  async start() {
    this.process = spawn(
      TOMBOLO,
      ["serve", "--data", join(folder, "server"), "--listen", `127.0.0.1:${this.port}`, "--dev"],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    let log = "";
    this.process.stderr.on("data", (text) => (log += text));
    this.port = await new Promise((resolve, reject) => {
      let output = "";
      this.process.stdout.on("data", (text) => {
        output += text;
        const match = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(output);
        if (match) resolve(Number(match[1]));
      });
      this.process.on("exit", (code) => reject(new Error(`the server ended (${code}): ${log}`)));
    });
  }
  stop(signal) {
    return new Promise((resolve) => {
      this.process.once("exit", resolve);
      this.process.kill(signal);
    });
  }
}

/** Forwards connections to the server and counts what crosses: the wire. */
class Wire {
  up = 0;
  down = 0;
  constructor(server) {
    this.listener = net.createServer((client) => {
      const upstream = net.connect(server.port, "127.0.0.1");
      client.setNoDelay(true);
      upstream.setNoDelay(true);
      client.on("data", (bytes) => (this.up += bytes.length));
      upstream.on("data", (bytes) => (this.down += bytes.length));
      client.pipe(upstream);
      upstream.pipe(client);
      for (const end of [client, upstream]) {
        end.on("error", () => {});
        end.on("close", () => (client.destroy(), upstream.destroy()));
      }
    });
  }
  async open() {
    await new Promise((resolve) => this.listener.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${this.listener.address().port}`;
  }
}

/** A device process; `tell` gives a command and waits for its end. */
class Device {
  count = 0;
  uploaded = 0;
  constructor(name, baseUrl) {
    this.name = name;
    this.process = fork(here("device.mjs"), [name, baseUrl, join(folder, name)]);
    this.waiting = new Map();
    this.process.on("message", ({ done, progress, ...rest }) => {
      if (progress) Object.assign(this, progress);
      if (done) {
        const { resolve, reject } = this.waiting.get(done);
        this.waiting.delete(done);
        rest.error ? reject(new Error(`${name}: ${rest.error}`)) : resolve(rest);
      }
    });
    this.process.on("exit", (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`${name} ended (${code})`));
    });
  }
  tell(command, parameters = {}) {
    return new Promise((resolve, reject) => {
      this.waiting.set(command, { resolve, reject });
      this.process.send({ command, ...parameters });
    });
  }
}

const number = (value) => value.toLocaleString("en-US");
const size = (bytes) =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
const bar = (share) => "█".repeat(Math.round(share * 24)).padEnd(24, "░");

function say(text) {
  process.stdout.write(interactive ? `\r\x1b[K${text}\n` : `${text}\n`);
}

/** Runs a step, shows `live()` meanwhile where there is a terminal, and says how long it took. */
async function step(title, work, live) {
  const start = performance.now();
  const timer =
    live && setInterval(() => interactive && process.stdout.write(`\r\x1b[K  ${live()}`), 100);
  let note;
  try {
    note = await work();
  } finally {
    clearInterval(timer);
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(2).padStart(7);
  say(`${seconds} s  ${title}${note ? `: ${note}` : ""}`);
}

function check(condition, message) {
  if (!condition) throw new Error(message);
}

const server = new Server();
const wire = new Wire(server);
const devices = [];

async function main() {
  let total = 0;
  let left, right;
  await step("server started, two devices logged in", async () => {
    await server.start();
    const baseUrl = await wire.open();
    devices.push((left = new Device("Ada", baseUrl)), (right = new Device("Ben", baseUrl)));
    await Promise.all(devices.map((device) => device.tell("open")));
    return `${baseUrl}, data in ${folder}`;
  });

  let killed = false;
  await step(
    "Ada wrote and uploaded the cities, Ben received them meanwhile",
    async () => {
      const kill = (async () => {
        // In the middle: when Ben has got a good part of them and Ada has more to send.
        while (right.count < 40_000) await new Promise((resolve) => setTimeout(resolve, 20));
        await server.stop("SIGKILL");
        await server.start();
        killed = true;
        say(
          `           the server was killed (SIGKILL) at ${number(right.count)} cities and started again`,
        );
      })();
      ({ count: total } = await left.tell("load"));
      await left.tell("upload");
      await kill;
      await right.tell("download");
      return `${number(total)} cities, ${size(wire.up)} up, ${size(wire.down)} down`;
    },
    () =>
      `Ada uploads ${bar(left.uploaded)} ${Math.round(left.uploaded * 100)} %   Ben has ${number(right.count)}`,
  );
  check(total >= 100_000, `only ${total} cities in the data set`);
  check(killed, "the server was not killed");

  let hashes;
  const compare = async () => {
    hashes = await Promise.all(devices.map((device) => device.tell("hash")));
    return `${number(hashes[0].count)} and ${number(hashes[1].count)}, ${hashes.map(({ hash }) => hash.slice(0, 12)).join(" and ")}`;
  };
  await step("both hashed all their cities", compare);
  check(
    hashes[0].count === total && hashes[0].hash === hashes[1].hash,
    "a city was lost or differs",
  );

  const before = { up: wire.up, down: wire.down };
  await step("both went offline and edited the same cities differently", async () => {
    await Promise.all(devices.map((device) => device.tell("pause")));
    const edit = { count: 1000, deleteCount: 10, foundFrom: 1_000_000, foundCount: 10 };
    await left.tell("edit", { ...edit, first: 0, deleteFrom: 2000 });
    await right.tell("edit", { ...edit, first: 500, deleteFrom: 2005 });
    await compare();
    return "1,000 renamed, 10 deleted and 10 founded on each side";
  });
  check(hashes[0].hash !== hashes[1].hash, "the edits made no difference");

  await step("both came back and synchronised", async () => {
    await Promise.all(devices.map((device) => device.tell("resume")));
    await Promise.all(devices.map((device) => device.tell("upload")));
    await Promise.all(devices.map((device) => device.tell("download")));
    return `${size(wire.up - before.up)} up, ${size(wire.down - before.down)} down`;
  });
  await step("both hashed all their cities", compare);
  check(hashes[0].hash === hashes[1].hash, "the devices did not converge");
  check(hashes[0].count === total - 15 + 10, `${hashes[0].count} cities are not the ones expected`);

  say("\nConverged: both devices hold the same cities, and nothing was lost.");
}

let status = 1;
try {
  await main();
  status = 0;
} catch (error) {
  say(`\ndemo failed: ${error.message}`);
} finally {
  for (const { process: child } of devices) child.kill("SIGKILL");
  server.process?.removeAllListeners("exit");
  server.process?.kill("SIGKILL");
  wire.listener.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(status);
