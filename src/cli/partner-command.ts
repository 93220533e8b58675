import type { Command } from "commander";
import {
  answeringCalls,
  type OwnerCall,
  type Partnership,
  type PartnershipCall,
} from "#src/client/shop-schema.ts";
import { RIGHTS } from "#src/identity/grant.ts";
import { renderTable } from "#src/kernel/render-table.ts";
import { answer, fields } from "./answer.ts";
import { invalid, kebab, parseCode, parseDuration, parseNames } from "./arguments.ts";
import { commandGroup } from "./command-group.ts";
import { confirm, confirmFinal, withYes } from "./confirm.ts";
import { type JsonFlag, withJson } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { openShopAsOwner, type ShopOwnerFlags, withShopOwner } from "./shop-connection.ts";

interface CallFlags extends ShopOwnerFlags, JsonFlag {
  readonly rights?: string;
  readonly for?: string;
  readonly as?: string;
  readonly note?: string;
  readonly answers?: string;
  /** Of what answers. */
  readonly yes?: boolean;
}

/** What is typed with a call: rights and time that have to be told, those that may be narrowed, or none. */
type CallTerms = "asked" | "narrowed" | "none";

const CALLS: readonly (readonly [PartnershipCall, CallTerms, string])[] = [
  ["request", "asked", "ask another shop for rights"],
  ["accept", "narrowed", "grant what a shop asked for, or less"],
  ["reject", "none", "deny what a shop asked for"],
  ["offer", "asked", "offer rights to another shop"],
  ["acceptOffer", "none", "take the rights that a shop offered"],
  ["rejectOffer", "none", "decline the rights that a shop offered"],
  ["leave", "none", "take all rights back, or give them up; at once"],
  ["refresh", "asked", "ask for a longer time or other rights; what is granted stays meanwhile"],
  ["refreshOffer", "asked", "offer a longer time or other rights; what is granted stays meanwhile"],
  ["refreshAccept", "narrowed", "grant a renewal that was asked for, or take one that is offered"],
  ["refreshReject", "none", "deny a renewal that was asked for, or decline one that is offered"],
];

/** `hanse partner`: which rights a shop gives others and has of them; for its owner. */
export function addPartnerCommand(program: Command, context: CliContext): void {
  const group = commandGroup(program, "partner", "what your shop lets other shops do, and they it");

  withJson(withShopOwner(group.command("list"), context))
    .description("partnerships of the shop, each direction by itself")
    .action(async (flags: ShopOwnerFlags & JsonFlag) => {
      const partnerships = await (await openShopAsOwner(context, flags)).partnerships();
      const rows = partnerships.map(({ peer, role, state, rights, until, pendingRights, pendingUntil }) => [
        ...[peer, role === "granter" ? "is granted" : "grants us", state, until ?? ""],
        [
          rights.join(", "),
          pendingRights === null ? "" : `(asked: ${pendingRights.join(", ")}, until ${pendingUntil ?? ""})`,
        ]
          .join(" ")
          .trim(),
      ]);
      const words =
        rows.length === 0
          ? ["no partners yet: `hanse partner request` asks for rights"]
          : [renderTable(["shop", "direction", "state", "until", "rights"], rows)];
      answer(context, flags.json, { partnerships }, words);
    });

  withJson(withShopOwner(group.command("show <code>"), context))
    .description(
      "what the shop and another let each other do, ask for and offer; with the id that an answer names",
    )
    .action(async (text: string, flags: ShopOwnerFlags & JsonFlag) => {
      const code = parseCode(text);
      const all = await (await openShopAsOwner(context, flags)).partnerships();
      const partnerships = all.filter(({ peer }) => peer === code);
      const words = partnerships.flatMap((partnership) => fields(fieldsOf(partnership)));
      answer(
        context,
        flags.json,
        { partnerships },
        words.length === 0 ? [`nothing with ${code} yet`] : words,
      );
    });

  for (const [call, terms, description] of CALLS) {
    const command = withJson(withShopOwner(group.command(`${kebab(call)} <code>`), context))
      .description(description)
      .option("--note <text>", "a word to the other's owner");
    if (terms === "asked") {
      command
        .requiredOption("--rights <names>", `separated by commas: ${RIGHTS.join(", ")}`)
        .option("--for <time>", "for how long from now, such as 30d", "30d");
    } else if (terms === "narrowed") {
      command
        .option("--rights <names>", `fewer, separated by commas: ${RIGHTS.join(", ")}; default: all`)
        .option("--for <time>", "for how long from now, such as 30d; default: as long as was asked for");
    }
    const answers = answeringCalls.includes(call);
    if (answers) {
      withYes(command).option(
        "--answers <id>",
        "what is answered, as `hanse partner show` names it; default: what stands now, shown before",
      );
    }
    if (isEithers(call)) {
      command.option("--as <role>", "what your shop is in it: granter or grantee; default: whatever fits");
    }
    command.action(async (text: string, flags: CallFlags) => {
      const code = parseCode(text);
      const wish = wishOf(flags);
      const owner = await openShopAsOwner(context, flags);
      const known = isEithers(call) || answers ? await owner.partnerships() : [];
      const role = isEithers(call) ? roleOf(call, code, flags.as, known) : undefined;
      const made = await owner.partnership(code, call, {
        ...wish,
        ...(role === undefined ? {} : { role }),
        ...(answers ? await answered(waitingFor(call, code, role, known), flags) : {}),
      });
      answer(context, flags.json, made, [
        ...fields(fieldsOf(made)),
        ...(made.delivered ? [] : [`${code} cannot be reached now, and is told later`]),
      ]);
    });

    /** Shows what is about to be answered, and names just that: the other may ask for more at the same moment. */
    async function answered(
      waiting: Partnership | undefined,
      { answers: told, rights, yes = false }: CallFlags,
    ): Promise<Pick<OwnerCall, "answers">> {
      if (waiting?.pendingId === undefined || waiting.pendingId === null) {
        return { answers: told ?? "" };
      }
      for (const line of fields(fieldsOf(waiting))) context.note(line);
      // What is named was looked at.
      if (told !== undefined) return { answers: told };
      // Whoever grants has seen it, or says which rights.
      const unseen = terms === "narrowed" && rights === undefined;
      await (unseen ? confirmFinal : confirm)(context, { yes }, `${kebab(call)} that?`);
      return { answers: waiting.pendingId };
    }
  }
}

/** What is told of a partnership: what is granted, and what waits for an answer. */
function fieldsOf({ peer, role, state, rights, until, ...waits }: Partnership): Record<string, string> {
  const { pendingRights, pendingUntil, pendingId, note } = waits;
  return {
    ...{ shop: peer, "your shop is": role, state },
    ...(rights.length === 0 ? {} : { rights: rights.join(", "), until: until ?? "" }),
    ...(pendingRights === null
      ? {}
      : { waiting: pendingRights.join(", "), "would end": pendingUntil ?? "", id: pendingId ?? "" }),
    ...(note === null ? {} : { [`${peer} says`]: note }),
  };
}

/** What a call would answer as things stand, if anything. */
function waitingFor(
  call: PartnershipCall,
  code: string,
  role: Partnership["role"] | undefined,
  partnerships: readonly Partnership[],
): Partnership | undefined {
  const by = role ?? (call === "accept" || call === "reject" ? "granter" : "grantee");
  return partnerships.find((each) => each.peer === code && each.role === by && each.pendingId !== null);
}

function wishOf({ rights, for: time, note }: CallFlags): OwnerCall {
  return {
    ...(rights === undefined ? {} : { rights: parseNames(rights, RIGHTS, "right") }),
    ...(time === undefined
      ? {}
      : { until: new Date(Date.now() + Number(parseDuration(time)) * 1_000).toISOString() }),
    ...(note === undefined ? {} : { note }),
  };
}

function isEithers(call: PartnershipCall): boolean {
  return call === "leave" || call === "refreshAccept" || call === "refreshReject";
}

/** What the shop is in what may be either side's: as told, or where only one direction fits. */
function roleOf(
  call: PartnershipCall,
  code: string,
  told: string | undefined,
  partnerships: readonly Partnership[],
): Partnership["role"] {
  if (told === "granter" || told === "grantee") return told;
  if (told !== undefined) throw invalid(`${told} is no role`, "Give granter or grantee.");
  const fitting = partnerships.filter(({ peer, role, state }) => {
    if (peer !== code) return false;
    if (call === "leave") return !["none", "denied", "declined", "ended"].includes(state);
    return state === (role === "granter" ? "renewal-requested" : "renewal-offered");
  });
  const only = fitting.length === 1 ? fitting[0] : undefined;
  if (only !== undefined) return only.role;
  throw invalid(
    fitting.length === 0 ? `nothing with ${code} waits for that` : `there are two directions with ${code}`,
    "`hanse partner list` shows them; say which by --as granter or --as grantee.",
  );
}
