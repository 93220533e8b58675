import { partnershipCourse } from "#src/shop/partnership/partnership-course.ts";

/** `docs/partnerships.md`: who may call what in which state, from the table that the shops play by. */
export function renderPartnerships(generated: string): string {
  const rows = partnershipCourse.map(
    ({ call, by, from, to, says }) => `| \`${call}\` | ${by} | ${from.join(", ")} | **${to}** | ${says} |`,
  );
  return `${generated}
# Partnerships

A partnership is one direction between two shops: a **granter** gives a **grantee** rights until a day. Two shops may have one in
each direction; they have nothing to do with each other. Both play the same course; what the granter has is the truth, since
its grants are.

Each call is \`POST /v1/partnerships/<call>\` at the other shop, signed ([federation](federation.md)). A call that answers another
names its \`exchange\`; the same \`callId\` again is answered alike. Owners have their shop call by
\`POST /v1/owner/partnerships/<code>/<call>\`, or \`hanse partner\`. An owner's answer names what it answers: the \`pendingId\` that
stands beside the rights and the end in \`GET /v1/owner/partnerships\` (\`hanse partner show\`), made of all that is asked for or
offered. Where that changed meanwhile, it is refused with \`HANSE_PARTNERSHIP_CHANGED\`, and nothing is granted unseen.

| call | who calls | while it is | then it is | what the caller says |
| ---- | --------- | ----------- | ---------- | -------------------- |
${rows.join("\n")}

- **Rights**: \`share-inventory\` (see products and whether they are there), \`sell\` (reserve and order), \`earn-commission\` (quotes
  name the grantee as referrer), \`share-data\` (exact stock), \`co-promote\` (what the granter features). They are asked at every call,
  of the grant that is good at that moment.
- **Grants** are JWTs that the granter signed; what one says counts, whatever was asked for or stands beside it in a body.
- **Ends**: a grant ends with its day, and a request or offer that nobody answers lapses, without a call. A renewal that is asked
  for, offered, denied or lapsed leaves what is granted as it is.
- **Denied**: one may ask again after the pause that the denial names.
- **Granters decide, grantees ask**: what a granter says counts at once, and is told until it was heard, in order; what a grantee says
  counts when the granter has heard it.
- **Orders are refunded whole.** An order is one deal: there is no partial cancellation or refund of it. Whoever takes back some of
  its pieces has the order cancelled or refunded, with all its pieces and its whole price, and buys the others anew, by a new quote at
  that day's price and rate. Where both sides agree on a part of the price, they sign it (\`hanse dispute split\`); pieces stay as they are.
`;
}
