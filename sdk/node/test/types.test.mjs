// What TypeScript makes of the declarations, and under which names everything is there.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import Realm, * as esm from "tombolo";
import ts from "typescript";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

describe("the package", () => {
  it("declares its names as types of imports and as Realm.<name>", () => {
    const program = ts.createProgram([path("types/application.ts")], {
      module: ts.ModuleKind.Node16,
      moduleResolution: ts.ModuleResolutionKind.Node16,
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2022.d.ts"],
      types: ["node"],
      strict: true,
      noEmit: true,
      esModuleInterop: true,
      useDefineForClassFields: false,
    });

    const problems = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
      const line = file?.getLineAndCharacterOfPosition(start).line ?? 0;
      return `${file?.fileName}:${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    });

    assert.deepEqual(problems, []);
  });

  it("exports every value by name, and all of them are properties of Realm", () => {
    const exported = Object.keys(Realm).filter((name) =>
      /^[A-Z]|Radians$|^(flags|index|mapTo)$/.test(name),
    );
    for (const name of exported) assert.equal(esm[name], Realm[name], name);
    assert.equal(Realm.Realm, Realm);
    for (const name of [
      "Counter",
      "Set",
      "Types",
      "BSON",
      "RealmEvent",
      "SessionStopPolicy",
      "flags",
    ]) {
      assert.ok(exported.includes(name), name);
    }
  });

  it("has every exported name in its namespace", () => {
    const names = (file) => readFileSync(path(`../lib/${file}`), "utf8");
    const api = names("api.ts");
    const lists = [...api.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list]) => list.split(","));
    const others = [...api.matchAll(/^export (?:\* as|type) (\w+)/gm)].map(([, name]) => name);
    const exported = lists.map((item) => item.trim().split(" as ").at(-1)).filter(Boolean);
    const spread = [...names("namespace.ts").matchAll(/export import (\w+) =/g)];

    assert.deepEqual(spread.map(([, name]) => name).sort(), [...exported, ...others].sort());
  });
});
