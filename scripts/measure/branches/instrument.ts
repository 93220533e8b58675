// Makes a Solidity source tell which way each of its conditions went.

/** A node of the compiler's syntax tree; what else it has depends on its type. */
export interface AstNode {
  readonly nodeType: string;
  /** `offset:length:file`, in bytes. */
  readonly src: string;
  readonly [member: string]: unknown;
}

/** A condition that can go two ways. */
export interface Branch {
  readonly source: string;
  readonly line: number;
  readonly text: string;
}

interface Edit {
  readonly at: number;
  readonly text: string;
}

/** What instrumented sources import: tells the test runner's coverage, by a call it listens to, the way that was taken. */
export const PROBE = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

function took(bool way, uint256 branch) pure returns (bool) {
    _asPure(_tell)(branch * 2 + (way ? 1 : 0));
    return way;
}

function _asPure(function(uint256) view from) pure returns (function(uint256) pure to) {
    assembly ("memory-safe") {
        to := from
    }
}

function _tell(uint256 tag) view {
    assembly ("memory-safe") {
        let at := mload(0x40)
        mstore(at, tag)
        pop(staticcall(gas(), 0xc0bEc0BEc0BeC0bEC0beC0bEC0bEC0beC0beC0BE, at, 32, 0, 0))
    }
}
`;

/**
 * Wraps every condition of `if`, ternaries, `while` and `require`, and every operand of `&&` and `||`, in a probe.
 * Conditions in assembly are left alone.
 * @param first the number of the source's first branch
 * @param probePath how the source imports the probe
 */
export function instrument(
  source: string,
  content: string,
  ast: AstNode,
  first: number,
  probePath: string,
): { readonly content: string; readonly branches: readonly Branch[] } {
  const bytes = Buffer.from(content);
  const branches: Branch[] = [];
  const edits: Edit[] = [];
  const add = (offset: number, length: number): string => {
    const text = bytes.subarray(offset, offset + length).toString();
    branches.push({ source, line: bytes.subarray(0, offset).toString().split("\n").length, text });
    return String(first + branches.length - 1);
  };
  const conditions = new Map(findConditions(ast).map((node) => [node.src, node]));
  for (const node of conditions.values()) {
    const [offset, length] = rangeOf(node);
    const number = add(offset, length);
    edits.push({ at: offset, text: "took(" }, { at: offset + length, text: `, ${number})` });
  }
  for (const node of findAll(ast, "TryStatement")) {
    const number = add(...rangeOf(node.externalCall as AstNode));
    (node.clauses as AstNode[]).forEach((clause, index) => {
      const at = rangeOf(clause.block as AstNode)[0] + 1;
      edits.push({ at, text: `took(${index === 0}, ${number});` });
    });
  }
  if (branches.length === 0) return { content, branches };
  const pragma = findAll(ast, "PragmaDirective")[0];
  if (pragma === undefined) throw new Error(`${source} has no pragma`);
  const [at, length] = rangeOf(pragma);
  edits.push({ at: at + length, text: `import {took} from "${probePath}";` });
  return { content: apply(bytes, edits), branches };
}

/** The operands that decide, where a condition is put together of several. */
function findConditions(ast: AstNode): AstNode[] {
  const decided = ["IfStatement", "Conditional", "WhileStatement"].flatMap((type) =>
    findAll(ast, type).map((node) => node.condition as AstNode),
  );
  const required = findAll(ast, "FunctionCall")
    .filter((node) => (node.expression as AstNode).name === "require")
    .map((node) => (node.arguments as AstNode[])[0] as AstNode);
  const joined = findAll(ast, "BinaryOperation").filter(isJoin);
  return [...decided, ...required, ...joined].flatMap(operandsOf);
}

function operandsOf(node: AstNode): AstNode[] {
  if (node.nodeType === "TupleExpression") return operandsOf((node.components as AstNode[])[0] as AstNode);
  if (node.nodeType === "UnaryOperation" && node.operator === "!")
    return operandsOf(node.subExpression as AstNode);
  if (!isJoin(node)) return [node];
  return [node.leftExpression, node.rightExpression].flatMap((side) => operandsOf(side as AstNode));
}

const isJoin = (node: AstNode) => node.operator === "&&" || node.operator === "||";

function findAll(value: unknown, type: string): AstNode[] {
  if (typeof value !== "object" || value === null) return [];
  const inside = Object.values(value).flatMap((member) => findAll(member, type));
  return (value as AstNode).nodeType === type ? [value as AstNode, ...inside] : inside;
}

function rangeOf(node: AstNode): [offset: number, length: number] {
  const [offset = 0, length = 0] = node.src.split(":").map(Number);
  return [offset, length];
}

function apply(bytes: Buffer, edits: readonly Edit[]): string {
  const parts: Buffer[] = [];
  let from = 0;
  for (const { at, text } of [...edits].sort((a, b) => a.at - b.at)) {
    parts.push(bytes.subarray(from, at), Buffer.from(text));
    from = at;
  }
  return Buffer.concat([...parts, bytes.subarray(from)]).toString();
}
