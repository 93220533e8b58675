import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { type AstNode, instrument, PROBE } from "../../../scripts/measure/branches/instrument.ts";

const solc = createRequire(import.meta.url)("solc") as { compile: (input: string) => string };

/** What the compiler makes of a source beside the probe: its syntax tree, and its errors. */
function compile(content: string): { ast: AstNode; errors: string[] } {
  const input = {
    language: "Solidity",
    sources: { "Some.sol": { content }, "Probe.sol": { content: PROBE } },
    settings: { outputSelection: { "*": { "": ["ast"], "*": ["evm.bytecode.object"] } } },
  };
  const { errors = [], sources } = JSON.parse(solc.compile(JSON.stringify(input))) as {
    errors?: { severity: string; formattedMessage: string }[];
    sources: Record<string, { ast: AstNode }>;
  };
  return {
    ast: sources["Some.sol"]?.ast as AstNode,
    errors: errors.filter((one) => one.severity === "error").map((one) => one.formattedMessage),
  };
}

const around = (body: string) => `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;
contract Some {
    error No(uint256 n);
    function g() external pure {}
    function f(bool a, bool b, uint256 n) external view returns (uint256) {
        ${body}
        return n;
    }
}
`;

function instrumented(body: string) {
  const source = around(body);
  const made = instrument("Some.sol", source, compile(source).ast, 7, "./Probe.sol");
  expect(compile(made.content).errors).toEqual([]);
  return made;
}

describe("an instrumented source compiles, and tells the way of", () => {
  it.each([
    ["an if", "if (n > 1) return 2;", "if (took(n > 1, 7)) return 2;"],
    ["a requirement", "require(n != 0, No(n));", "require(took(n != 0, 7), No(n));"],
    ["a ternary", "n = n > 3 ? 1 : 2;", "n = took(n > 3, 7) ? 1 : 2;"],
    ["an operand where nothing branches", "a = a || b;", "a = took(a, 7) || took(b, 8);"],
    ["a while", "while (n > 9) return n;", "while (took(n > 9, 7)) return n;"],
    [
      "a call that may fail",
      "try this.g() {} catch {}",
      "try this.g() {took(true, 7);} catch {took(false, 7);}",
    ],
  ])("%s", (_, body, expected) => {
    const { content, branches } = instrumented(body);
    expect(content).toContain(expected);
    expect(branches.every(({ line }) => line === 7)).toBe(true);
  });

  it("operands one by one, and not the whole as well", () => {
    const { content, branches } = instrumented("if (a && !(b || n == 1)) return 2;");
    expect(content).toContain("if (took(a, 7) && !(took(b, 8) || took(n == 1, 9))) return 2;");
    expect(branches.map(({ text }) => text)).toEqual(["a", "b", "n == 1"]);
  });
});

it("a source without conditions stays as it is", () => {
  const source = around("");
  expect(instrument("Some.sol", source, compile(source).ast, 0, "./Probe.sol")).toEqual({
    content: source,
    branches: [],
  });
});
