import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
const list = (path: string) => readdir(new URL(`../../${path}`, import.meta.url), { recursive: true });

const page = await read("docs/law.md");
const contracts = new Map(
  (await list("contracts"))
    .filter((file) => file.endsWith(".sol"))
    .map((file) => [basename(file, ".sol"), `contracts/${file}`]),
);

/** A promise: what is said of it is in code spans, which are what is checked. */
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (-|promise)/.test(line))
  .map((line) => line.split("|").slice(1, -1))
  .map(([promise = "", written = "", tested = "", law = ""]) => ({
    promise: promise.trim(),
    written: spansOf(written),
    tested: spansOf(tested),
    laws: spansOf(law),
  }));

/** What the paragraphs between the tables name. */
const mentioned = page
  .split("\n\n")
  .filter((paragraph) => paragraph.startsWith("Otherwise:"))
  .flatMap(spansOf);

function spansOf(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span.replace(/\s+/g, " "));
}

/** Solidity as prose: its comments without their marks and breaks. */
const prose = (source: string) => source.replace(/^\s*\/\/+/gm, "").replace(/\s+/g, " ");

async function sourceOf(name: string): Promise<string> {
  const path = contracts.get(name);
  if (path === undefined) throw new Error(`there is no contract file ${name}.sol`);
  return read(path);
}

/** Whether `Name.member` or `Name: some words` is there. */
async function isWritten(reference: string): Promise<boolean> {
  const [, name = "", member, words] = /^(\w+)(?:\.(\w+)|: (.+))$/.exec(reference) ?? [];
  const source = await sourceOf(name);
  if (member !== undefined) return new RegExp(`\\b${member}\\b`).test(source.replace(/\/\/.*$/gm, ""));
  return words !== undefined && prose(source).includes(words);
}

/** Whether `folder/file#test` or `path.test.ts#title` is there. */
async function isTested(reference: string): Promise<boolean> {
  const [file = "", test = ""] = reference.split("#");
  if (test === "") return false;
  if (file.endsWith(".ts")) return (await read(file)).includes(`"${test}"`);
  return new RegExp(`function ${test}\\(`).test(await read(`test/contracts/${file}.t.sol`));
}

/** Whether `IClerk 1` is a law of that interface. */
async function isLaw(reference: string): Promise<boolean> {
  const [name = "", number = ""] = reference.split(" ");
  return lawsOf(await sourceOf(name)).includes(Number(number));
}

function lawsOf(source: string): number[] {
  const laws = /\/\/\/ Laws:\n((?:\/\/\/ (?: {2}|\d\.).*\n)+)/.exec(source)?.[1] ?? "";
  return [...laws.matchAll(/^\/\/\/ (\d)\./gm)].map(([, number]) => Number(number));
}

/** Whether `0001: The shapes` is a section of that decision. */
async function isDecided(reference: string): Promise<boolean> {
  const [number = "", section = ""] = reference.split(/: (.*)/);
  const file = (await list("docs/adr")).find((name) => name.startsWith(`${number}-`));
  return file !== undefined && (await read(`docs/adr/${file}`)).split("\n").includes(`## ${section}`);
}

async function missing(
  references: readonly string[],
  isThere: (reference: string) => Promise<boolean>,
): Promise<string[]> {
  const there = await Promise.all(references.map((one) => isThere(one).catch(() => false)));
  return references.filter((_, index) => !there[index]);
}

describe("the map of the market's law", () => {
  it("says of every promise where it is written and what tests it", () => {
    expect(rows.length).toBeGreaterThan(80);
    expect(rows.filter(({ written, tested }) => written.length === 0 || tested.length === 0)).toEqual([]);
  });

  it("names nothing in the contracts that is not there", async () => {
    const references = rows.flatMap(({ written }) => written);
    expect(await missing(references, isWritten)).toEqual([]);
  });

  it("names no test that is not there", async () => {
    const references = [
      ...rows.flatMap(({ tested }) => tested),
      ...mentioned.filter((one) => one.includes("#")),
    ];
    expect(await missing(references, isTested)).toEqual([]);
  });

  it("names the laws of the interfaces, and each of them", async () => {
    const references = new Set(rows.flatMap(({ laws }) => laws));
    expect(await missing([...references], isLaw)).toEqual([]);
    for (const name of ["IClerk", "IPanel", "IReceipt", "IHub"]) {
      const laws = lawsOf(await sourceOf(name));
      expect(laws.length).toBeGreaterThan(0);
      expect(laws.filter((number) => !references.has(`${name} ${number}`))).toEqual([]);
    }
  });

  it("names no decision that was not taken", async () => {
    const references = mentioned.filter((one) => /^\d{4}: /.test(one));
    expect(references.length).toBeGreaterThan(0);
    expect(await missing(references, isDecided)).toEqual([]);
  });

  it("would find what is not there", async () => {
    expect(await isWritten("IClerk.depositNothing")).toBe(false);
    expect(await isWritten("IClerk: nobody ever said this")).toBe(false);
    expect(await isTested("Clerk/deposit#test_nobodyWrote")).toBe(false);
    expect(await isTested("Clerk/deposit")).toBe(false);
    expect(await isLaw("IClerk 6")).toBe(false);
    expect(await isDecided("0002: Nothing")).toBe(false);
  });
});
