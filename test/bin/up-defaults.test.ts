import { describe, expect, it } from "vitest";
import { assertApart, PORT_BLOCK, parsePort } from "#src/bin/up-defaults.ts";

const invalid = expect.objectContaining({ code: "HANSE_CONFIG_INVALID" });

describe("the ports of `hanse up`", () => {
  it.each(["", "-1", "0", "abc", "70000", "65530", "99999999999", "5100.5", " 80", "1e3"])(
    "refuse %j",
    (text) => {
      expect(() => parsePort(text)).toThrow(invalid);
    },
  );

  it("are refused where the chain's lies among the services'", () => {
    expect(() => assertApart(4100, 4100)).toThrow(invalid);
    expect(() => assertApart(4100, 4100 + PORT_BLOCK - 1)).toThrow(invalid);
    expect(() => assertApart(4100, 4100 + PORT_BLOCK)).not.toThrow();
    expect(() => assertApart(4100, 4099)).not.toThrow();
  });

  it("are read as they are written", () => {
    expect(parsePort("4100")).toBe(4100);
  });
});
