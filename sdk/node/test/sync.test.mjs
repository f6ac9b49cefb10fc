import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import Realm, { Credentials } from "tombolo";

import { DevServer } from "../support/dev-server.mjs";

const City = {
  name: "City",
  primaryKey: "_id",
  properties: { _id: "int", name: "string", aliases: "string[]" },
};

const server = new DevServer();
let partition = 0;

before(() => server.start());
after(() => server.end());
beforeEach(() => ++partition);
afterEach(() => server.closeRealms());

async function openOn(device, options = {}) {
  const user = await server.logIn(`${device}-${partition}`);
  const sync = { user, partitionValue: `p${partition}`, ...options };
  return server.open({ schema: [City], sync });
}
const sync = async (...list) => {
  for (const { syncSession } of list) await syncSession.uploadAllLocalChanges(120_000);
  for (const { syncSession } of list) await syncSession.downloadAllServerChanges(120_000);
};
const content = (realm) =>
  [...realm.objects("City")].map((city) => city.toJSON()).sort((a, b) => a._id - b._id);

describe("logging in", () => {
  it("works with email and password, and remembers who it was", async () => {
    const app = server.app("accounts");
    await app.emailPasswordAuth.registerUser({ email: "ada@example.com", password: "secret1" });

    const user = await app.logIn(
      Credentials.emailPassword({ email: "ada@example.com", password: "secret1" }),
    );

    assert.equal(user.isLoggedIn, true);
    assert.equal(user.providerType, "local-userpass");
    assert.equal(server.app("accounts").currentUser.id, user.id);
    await user.logOut();
    assert.equal(user.state, "LoggedOut");
    assert.equal(app.currentUser, null);
  });

  it("refuses a wrong password and a taken name with the documented numbers", async () => {
    const { emailPasswordAuth } = server.app("refusals");
    const account = { email: "ben@example.com", password: "secret1" };
    await emailPasswordAuth.registerUser(account);

    await assert.rejects(emailPasswordAuth.registerUser(account), { code: 4348 });
    await assert.rejects(
      server.app("refusals").logIn(Credentials.emailPassword(account.email, "wrong")),
      { code: 4349 },
    );
  });

  it("fails with a reason when there is no server", async () => {
    const app = server.app("nowhere", { baseUrl: "http://127.0.0.1:1" });

    await assert.rejects(app.logIn(Credentials.anonymous()), { code: "Network" });
  });
});

describe("a synced realm", () => {
  it("brings what one device wrote to another", async () => {
    const left = await openOn("left");
    const right = await openOn("right");
    left.write(() => left.create("City", { _id: 1, name: "Rome", aliases: ["Roma"] }));

    assert.equal(await left.syncSession.uploadAllLocalChanges(), true);
    assert.equal(await right.syncSession.downloadAllServerChanges(), true);

    assert.deepEqual(content(right), [{ _id: 1, name: "Rome", aliases: ["Roma"] }]);
  });

  it("converges after different edits while paused", async () => {
    const left = await openOn("left");
    const right = await openOn("right");
    left.write(() => {
      for (let id = 0; id < 3; ++id) left.create("City", { _id: id, name: `city ${id}` });
    });
    await sync(left, right);

    left.syncSession.pause();
    right.syncSession.pause();
    assert.equal(left.syncSession.state, "inactive");
    assert.equal(left.syncSession.connectionState, "disconnected");
    left.write(() => {
      left.objectForPrimaryKey("City", 0).name = "left";
      left.objectForPrimaryKey("City", 1).aliases.push("a");
      left.delete(left.objectForPrimaryKey("City", 2));
    });
    right.write(() => {
      right.objectForPrimaryKey("City", 0).name = "right";
      right.objectForPrimaryKey("City", 1).aliases.push("b");
      right.objectForPrimaryKey("City", 2).name = "in vain";
    });
    left.syncSession.resume();
    right.syncSession.resume();
    await sync(left, right);
    await sync(left, right);

    assert.deepEqual(content(left), content(right));
    assert.deepEqual(
      content(left).map(({ _id }) => _id),
      [0, 1],
    );
    assert.deepEqual([...content(left)[1].aliases].sort(), ["a", "b"]);
  });

  it("loses nothing when the server is killed", async () => {
    const left = await openOn("left");
    left.write(() => left.create("City", { _id: 1, name: "Rome" }));
    await left.syncSession.uploadAllLocalChanges();

    await server.stop("SIGKILL");
    left.write(() => left.create("City", { _id: 2, name: "Oslo" }));
    await server.start();
    await left.syncSession.uploadAllLocalChanges(120_000);

    const right = await openOn("right");
    await right.syncSession.downloadAllServerChanges(120_000);
    assert.equal(right.objects("City").length, 2);
  });

  it("rejects waits that time out or are cut off by a pause", async () => {
    const realm = await openOn("left");
    await realm.syncSession.downloadAllServerChanges();
    realm.syncSession.pause();
    await assert.rejects(realm.syncSession.downloadAllServerChanges(50), {
      message: "Timed out: Downloading changes did not complete in 50 ms.",
    });

    realm.syncSession.resume();
    const wait = realm.syncSession.downloadAllServerChanges();
    realm.syncSession.pause();
    await assert.rejects(wait);
  });

  it("reports upload progress up to the end", async () => {
    const realm = await openOn("left");
    const reports = [];
    realm.syncSession.addProgressNotification("upload", "reportIndefinitely", (done, all) =>
      reports.push([done, all]),
    );
    realm.write(() => {
      for (let id = 0; id < 5000; ++id) realm.create("City", { _id: id, name: `city ${id}` });
    });
    await realm.syncSession.uploadAllLocalChanges();

    const [done, all] = reports.at(-1);
    assert.ok(all > 0);
    assert.equal(done, all);
    reports.reduce((previous, [now]) => (assert.ok(now >= previous), now), 0);
  });

  it("is not opened as a local one, nor with another partition", async () => {
    const realm = await openOn("left");
    const { path } = realm;
    const { user } = realm.syncSession;
    realm.close();

    assert.throws(() => new Realm({ path }), /Incompatible histories/);
    assert.throws(
      () => new Realm({ path, sync: { user, partitionValue: "other" } }),
      /Incompatible histories/,
    );
  });

  it("opens with the server's data by Realm.open, and at once without a server", async () => {
    const left = await openOn("left");
    left.write(() => left.create("City", { _id: 1, name: "Rome" }));
    await left.syncSession.uploadAllLocalChanges();

    const user = await server.logIn(`right-${partition}`);
    const right = server.keep(
      await Realm.open({
        schema: [City],
        sync: { user, partitionValue: `p${partition}` },
      }),
    );

    assert.equal(right.objects("City").length, 1);
  });
});
