import fc from "fast-check";

// `hanse test --deep` plays every property ten times as often, unless a test says how often itself.
if (process.env.HANSE_TEST_DEEP === "1") fc.configureGlobal({ numRuns: 1_000 });
