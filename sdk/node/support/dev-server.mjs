import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import Realm, { App, Credentials } from "tombolo";

const TOMBOLO = fileURLToPath(new URL("../../../build/bin/tombolo", import.meta.url));

/** A development server in a folder of its own, and devices that sync with it. */
export class DevServer {
  #process;
  #realms = [];
  folder = mkdtempSync(join(tmpdir(), "tombolo-sync-"));
  url;

  /**
   * Starts, again at the address that it had: for that time somebody else may have got the port,
   * such as a connection that is about to end.
   */
  async start() {
    const attempts = this.url === undefined ? 1 : 100;
    let output;
    for (let i = 0; i < attempts; ++i) {
      output = await this.#tryToStart();
      if (output === undefined) return;
      await this.#ended();
    }
    throw new Error(`the server ended: ${output}`);
  }
  /** Answers with what it said when it has ended instead. */
  async #tryToStart() {
    const address = this.url?.slice("http://".length) ?? "127.0.0.1:0";
    const data = join(this.folder, "server");
    this.#process = spawn(TOMBOLO, ["serve", "--data", data, "--listen", address, "--dev"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    for await (const text of this.#process.stdout) {
      output += text;
      const match = /listening on (\S+)/.exec(output);
      if (match) {
        this.url = match[1];
        return undefined;
      }
    }
    return output;
  }
  async stop(signal = "SIGTERM") {
    const ended = this.#ended();
    this.#process.kill(signal);
    await ended;
  }
  async #ended() {
    const { exitCode, signalCode } = this.#process;
    if (exitCode === null && signalCode === null) await once(this.#process, "exit");
  }
  /** Answers nothing until `continue`. */
  suspend() {
    this.#process.kill("SIGSTOP");
  }
  continue() {
    this.#process.kill("SIGCONT");
  }
  /** Stops, and leaves nothing behind. */
  async end() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  app(device, options = {}) {
    const baseFilePath = join(this.folder, device);
    return new App({ id: "dev", baseUrl: this.url, baseFilePath, ...options });
  }
  logIn(device, options = {}) {
    return this.app(device, options).logIn(Credentials.anonymous());
  }
  /** Remembers a realm, which `closeRealms` closes. */
  keep(realm) {
    this.#realms.push(realm);
    return realm;
  }
  open(config) {
    return this.keep(new Realm(config));
  }
  closeRealms() {
    this.#realms.splice(0).forEach((realm) => realm.close());
  }
}
