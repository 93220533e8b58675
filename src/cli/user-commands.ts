import type { Command } from "commander";
import { addAccountCommand } from "./account-command.ts";
import { addAssetCommands } from "./asset-commands.ts";
import { addClaimCommand } from "./claim-command.ts";
import type { CliContext } from "./context.ts";
import { addDealCommand } from "./deal-command.ts";
import { addMarketCommand } from "./market-command.ts";
import { addOperatorCommand } from "./operator-command.ts";
import { addOrderCommand } from "./order-command.ts";
import { addPoolCommand } from "./pool-command.ts";
import { addRequestCommand } from "./request-command.ts";
import { addResultCommand } from "./result-command.ts";
import { addShopCommand } from "./shop-command.ts";
import { addSponsorCommand } from "./sponsor-command.ts";
import { addTaskCommand } from "./task-command.ts";
import { addTokenCommand } from "./token-command.ts";
import { addWalletCommand } from "./wallet-command.ts";
import { addWorkerCommand } from "./worker-command.ts";

/** Adds what people who trade do, in the order in which they come to it. */
export function addUserCommands(program: Command, context: CliContext): void {
  addWalletCommand(program, context);
  addTokenCommand(program, context);
  addAccountCommand(program, context);
  addOperatorCommand(program, context);
  addMarketCommand(program, context);
  addRequestCommand(program, context);
  addDealCommand(program, context);
  addTaskCommand(program, context);
  addResultCommand(program, context);
  addClaimCommand(program, context);
  addAssetCommands(program, context);
  addPoolCommand(program, context);
  addWorkerCommand(program, context);
  addOrderCommand(program, context);
  addSponsorCommand(program, context);
  addShopCommand(program, context);
}
