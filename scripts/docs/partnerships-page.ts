import {
  type PartnershipState,
  partnershipCourse,
  partnershipReconciliation,
} from "#src/shop/partnership/partnership-course.ts";

/** `docs/partnerships.md`: who may call what in which state, from the table that the shops play by. */
export function renderPartnerships(generated: string): string {
  const rows = partnershipCourse.map(
    ({ call, by, from, to, says }) => `| \`${call}\` | ${by} | ${from.join(", ")} | **${to}** | ${says} |`,
  );
  const more = partnershipCourse
    .filter(({ alsoSaid, alsoTaken }) => alsoSaid !== undefined || alsoTaken !== undefined)
    .map(
      ({ call, by, alsoSaid, alsoTaken }) =>
        `| \`${call}\` | ${by} | ${statesOf(alsoSaid)} | ${statesOf(alsoTaken)} |`,
    );
  const agreeing = partnershipReconciliation.map(
    ({ who, has, hears, says }) => `| ${who} | ${statesOf(has)} | ${statesOf(hears)} | ${says} |`,
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

## When the two do not agree

One of them may have died in the middle of a call, not have been reached for a week, or have been set up from a backup. So some
calls are also said where one's own state would not have it, and taken where the other's would not: what they say only takes rights,
or binds to nothing. A \`leave\` is always taken; where it is over already, or is about what was before a new request, it changes
nothing.

| call | who calls | is also said while it is | is also taken while it is |
| ---- | --------- | ------------------------ | ------------------------- |
${more.join("\n")}

Whoever refuses a call with \`HANSE_PARTNERSHIP_STATE\` or \`HANSE_PARTNERSHIP_PAUSED\` says in \`details.standing\` where the
partnership is at its side, and a granter adds the grant that runs, signed. Whoever was refused takes that over:

| who was refused | has | hears | then it |
| --------------- | --- | ----- | ------- |
${agreeing.join("\n")}

Nobody gets a right by this that the granter did not sign. From any state of the one and any state of the other one \`request\` of
the grantee brings both to agree: it is taken, or refused with what stands. A grantee writes down what it asks before it does: after a
crash it asks once more with the same \`callId\`, and a granter that answers before that is understood. A grant that was signed with a
key that the grantee does not know, or no longer knows, is not refused for good: the granter signs it anew with its present key,
under the same name (\`jti\`), and tells it again.

## What follows

- **Rights**: \`share-inventory\` (see products and whether they are there), \`sell\` (reserve, and ask for quotes), \`earn-commission\`
  (quotes name the grantee as referrer), \`share-data\` (exact stock), \`co-promote\` (what the granter features). They are asked at
  every call, of the grant that is good at that moment. An order needs no right but its quote: one that was made while the right stood
  may be ordered until it is over, for it may be paid already. So do asking after, cancelling and sending back one's own orders.
- **Grants** are JWTs that the granter signed; what one says counts, whatever was asked for or stands beside it in a body.
- **Ends**: a grant ends with its day, and a request or offer that nobody answers lapses, without a call. A renewal that is asked
  for, offered, denied or lapsed leaves what is granted as it is.
- **Notes**: a call may carry a word (\`note\`, 500 characters at most) to the other's owner. The one of the other's last call is kept,
  and shown with the partnership.
- **Denied**: one may ask again after the pause that the denial names.
- **Granters decide, grantees ask**: what a granter says counts at once, and is told until it was heard, in order; what a grantee says
  counts when the granter has heard it.
- **Orders are refunded whole.** An order is one deal: there is no partial cancellation or refund of it. Whoever takes back some of
  its pieces has the order cancelled or refunded, with all its pieces and its whole price, and buys the others anew, by a new quote at
  that day's price and rate. Where both sides agree on a part of the price, they sign it (\`hanse dispute split\`); pieces stay as they are.
`;
}

function statesOf(states: readonly PartnershipState[] = []): string {
  return states.length === 0 ? "–" : states.join(", ");
}
