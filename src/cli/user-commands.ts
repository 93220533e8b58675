import type { Command } from "commander";
import { addAccountCommand } from "./account-command.ts";
import type { CliContext } from "./connection.ts";
import { addMarketCommands } from "./market-command.ts";
import { addRequestCommand } from "./request-command.ts";

/** Adds what users do: look, pay in and out, buy. */
export function addUserCommands(program: Command, context: CliContext): void {
  addRequestCommand(program, context);
  addMarketCommands(program, context);
  addAccountCommand(program, context);
}
