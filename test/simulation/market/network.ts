import { type Hex, HttpRequestError, keccak256, RpcRequestError } from "viem";
import type { HttpServer } from "#src/http/server.ts";
import type { Faults } from "./faults.ts";
import { Instance } from "./instance.ts";
import type { SimulatedChain } from "./simulated-chain.ts";

export const RPC_URL = "http://rpc.simulation";
export const urlOf = (service: string) => `http://${service}.simulation`;

/** Who answers under a name. */
export interface Listener {
  readonly server: HttpServer;
  /** Undefined: it never dies. */
  readonly instance?: Instance;
}

/** What connects the processes of a simulation, and loses, delays and doubles what they send. */
export interface Network {
  readonly listeners: Map<string, Listener>;
  /** Takes the place of the platform's own. */
  readonly fetch: typeof globalThis.fetch;
  /** A request to the node, by whoever runs. Throws as viem's HTTP transport does. */
  rpc(call: RpcCall): Promise<unknown>;
  /** The same of a node that lies when it likes to. */
  lyingRpc(call: RpcCall): Promise<unknown>;
  /** How many lies were told. */
  readonly lies: () => number;
}

interface RpcCall {
  readonly method: string;
  readonly params?: unknown;
}

interface Message {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly payload: Buffer | undefined;
}

export function createNetwork(deps: {
  readonly chain: SimulatedChain;
  readonly faults: Faults;
  /** Blocks that the node of a service is behind. */
  readonly lagOf: (service: string) => bigint;
  /** Whether the lying node lies now. */
  readonly lying: () => boolean;
}): Network {
  const { chain, faults, lagOf } = deps;
  let lies = 0;
  const listeners = new Map<string, Listener>();
  const { random } = faults;

  function caller(): Instance {
    const instance = Instance.context.getStore();
    if (instance === undefined) throw new Error("a message from nobody");
    return instance;
  }

  async function askNode(by: Instance, method: string, params: readonly unknown[]) {
    if (faults.now("slow")) await by.delay(random.between(50, 1_500));
    // Before the node does anything, or after.
    const fails = faults.now("rpc") ? random.pick(["before", "after", "limited"] as const) : undefined;
    if (fails === "before") throw unreachable("ECONNREFUSED");
    if (fails === "limited") return { error: { code: -32_010, message: "too many requests" }, status: 429 };
    const answer = await chain.request(method, params, lagOf(by.name));
    if (fails === "after") throw unreachable("ECONNRESET");
    return answer;
  }

  async function deliver(host: string, message: Message, by: Instance): Promise<Response> {
    const listener = listeners.get(host);
    if (listener === undefined || listener.instance?.dead === true) throw unreachable("ECONNREFUSED");
    const { server, instance } = listener;
    // Fastify begins when somebody waits for the answer: that, too, has to be in the listener's own context.
    const inject = async () =>
      await server.inject({
        ...{ method: message.method as "GET", url: message.url, headers: message.headers },
        ...(message.payload === undefined ? {} : { payload: message.payload }),
      });
    if (faults.now("doubled")) {
      const late = random.between(10, 3_000);
      // Nobody waits for its answer.
      void by.clock
        .sleep(late)
        .then(() => (instance === undefined ? inject() : instance.run(inject)))
        .catch(() => undefined);
    }
    const answered = instance === undefined ? inject() : instance.run(inject);
    const response =
      instance === undefined
        ? await answered
        : await Promise.race([answered, instance.died.then(() => undefined)]);
    if (response === undefined) throw unreachable("ECONNRESET");
    const headers = Object.entries(response.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as [string, string]],
    );
    const { statusCode: status, rawPayload } = response;
    const empty = status === 204 || status === 304 || message.method === "HEAD";
    return new Response(empty ? null : new Uint8Array(rawPayload), { status, headers });
  }

  return {
    listeners,

    fetch: async (input, init) => {
      const by = caller();
      const { host, message } = await read(input, init);
      if (host === "rpc") return await by.io(() => answerRpc(by, message));
      return await by.io(
        async () => {
          if (faults.now("late")) await by.clock.sleep(random.between(10, 4_000));
          const lost = faults.now("lost") ? random.pick(["before", "after"] as const) : undefined;
          if (lost === "before") throw unreachable("ECONNRESET");
          const response = await deliver(host, message, by);
          if (lost === "after") throw unreachable("ECONNRESET");
          return response;
        },
        { inside: true },
      );
    },

    rpc,
    lies: () => lies,
    async lyingRpc(call) {
      const answer = await rpc(call);
      if (!deps.lying()) return answer;
      const lie = lieAbout(call.method, answer);
      if (lie !== undefined) lies++;
      return lie ?? answer;
    },
  };

  async function rpc({ method, params }: RpcCall): Promise<unknown> {
    const by = caller();
    const body = { method, params };
    const asked = Array.isArray(params) ? params : [];
    return await by.io(async () => {
      const answer = await askNode(by, method, asked).catch((cause: Error) => {
        throw new HttpRequestError({ body, url: RPC_URL, details: "no answer", cause });
      });
      if ("status" in answer)
        throw new HttpRequestError({ body, url: RPC_URL, status: 429, details: "limited" });
      if ("error" in answer) throw new RpcRequestError({ body, url: RPC_URL, error: answer.error });
      return answer.result;
    });
  }

  async function answerRpc(by: Instance, { payload }: Message): Promise<Response> {
    const call = JSON.parse(String(payload)) as { id: number; method: string; params?: unknown[] };
    // A status that viem's transport does not repeat by itself, on the machine's clock.
    const answer = await askNode(by, call.method, call.params ?? []).catch(() => undefined);
    if (answer === undefined || "status" in answer) return new Response("no answer", { status: 520 });
    return Response.json({ jsonrpc: "2.0", id: call.id, ...answer });
  }
}

/** Blocks that nobody else has, and blocks in which nothing happened. @returns undefined where it tells the truth */
function lieAbout(method: string, answer: unknown): unknown {
  if (method === "eth_getLogs" && Array.isArray(answer) && answer.length > 0) return [];
  if (method !== "eth_getBlockByNumber" || answer === null) return undefined;
  const block = answer as { readonly hash: Hex };
  return { ...block, hash: keccak256(block.hash) };
}

async function read(input: Parameters<typeof fetch>[0], init: RequestInit | undefined) {
  const url = new URL(input instanceof Request ? input.url : String(input));
  const given = init?.body ?? (input instanceof Request ? await input.arrayBuffer() : undefined);
  const payload =
    given === undefined || given === null
      ? undefined
      : Buffer.from(
          typeof given === "string" ? given : new Uint8Array(await new Response(given).arrayBuffer()),
        );
  const message: Message = {
    method: init?.method ?? (input instanceof Request ? input.method : "GET"),
    url: `${url.pathname}${url.search}`,
    headers: Object.fromEntries(new Headers(init?.headers)),
    payload,
  };
  return { host: url.hostname.replace(/\.simulation$/, ""), message };
}

function unreachable(code: string): TypeError {
  return new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) });
}
