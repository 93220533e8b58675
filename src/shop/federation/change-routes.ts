import { z } from "zod";
import { CHANGE_PATH, changePostSchema } from "#src/client/hub-schema.ts";
import { errorBodySchema } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { Directory } from "./directory.ts";

/**
 * Where hub services tell that something changed; on a part of the server whose requests are signed by one. What they tell is
 * only a reason to look: twice, late or never, the list is the same.
 */
export function registerChangeRoutes(
  scope: HttpServer,
  { directory, logger }: { readonly directory: Directory; readonly logger: Logger },
): void {
  scope.post(
    CHANGE_PATH,
    {
      schema: {
        summary: "A hub service tells that a shop joined, left or changed",
        body: changePostSchema,
        response: {
          202: z.object({ looking: z.boolean() }),
          400: errorBodySchema,
          401: errorBodySchema,
          429: errorBodySchema,
        },
      },
    },
    async (request, reply) => {
      const { hub, type, code } = request.body;
      const looking = directory.hubs.includes(hub);
      if (looking) {
        logger.info({ hub, type, shop: code }, "a hub service tells of a change");
        void directory
          .sync(hub)
          .catch((err: unknown) => logger.warn({ hub, err }, "a hub service cannot be asked"));
      }
      return reply.code(202).send({ looking });
    },
  );
}
