import { expect, it } from "vitest";
import { HanseError } from "#src/kernel/errors.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { isSecretName, redactText } from "#src/kernel/redaction.ts";

function collecting() {
  const lines: string[] = [];
  const logger = createLogger({
    service: "t",
    level: "debug",
    destination: { write: (line: string) => void lines.push(line) },
  });
  return { lines, logger };
}

it("lets no secret out, by field, text, child binding, error or stack", () => {
  const { lines, logger } = collecting();
  const url = "postgres://hanse:s3cr3t@127.0.0.1/x";
  logger.info(
    { privateKey: "s3cr3t", a: { b: { c: { d: { mnemonic: "s3cr3t", "x-api-key": "s3cr3t" } } } } },
    "one",
  );
  logger.info({ DATABASE_URL: url }, `connecting to ${url}`);
  logger.child({ authorization: "Bearer s3cr3t-s3cr3t", url }).warn("child");
  logger.error(new Error(`failed at ${url}`));
  logger.error({
    err: new HanseError("HANSE_INTERNAL", "x", { cause: new Error(url), details: { password: "s3cr3t" } }),
  });
  expect(lines).toHaveLength(5);
  expect(lines.join("")).not.toContain("s3cr3t");
});

it("writes service, level name, code and cause, and amounts as text", () => {
  const { lines, logger } = collecting();
  const err = new HanseError("HANSE_DISK_FULL", "full", { cause: new Error("ENOSPC") });
  logger.error({ err, amount: 10n ** 18n }, "hello");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    service: "t",
    level: "error",
    msg: "hello",
    amount: "1000000000000000000",
    err: { code: "HANSE_DISK_FULL", cause: { message: "ENOSPC" } },
  });
});

it("tells secret names from names that only sound like them", () => {
  for (const name of [
    "privateKey",
    "DB_PASSWORD",
    "x-api-key",
    "refreshToken",
    "Authorization",
    "walletMnemonic",
  ]) {
    expect(isSecretName(name), name).toBe(true);
  }
  for (const name of ["token", "tokenAddress", "publicKey", "keyId", "secretary", "passwordless"]) {
    expect(isSecretName(name), name).toBe(false);
  }
});

it("keeps URLs readable", () => {
  expect(redactText("see https://example.org/a@b?key=abc&x=1 or postgres://u:p@ss@h/db")).toBe(
    "see https://example.org/a@b?key=[redacted]&x=1 or postgres://[redacted]@h/db",
  );
});
