// Package identity keeps who a person is, how that is proved, and what it lets
// them do. It speaks no HTTP: pages and the authorization server call it.
//
// Words: a person signs in by a login and a password, with a code once that is
// enrolled, or by a passkey. A proof that stands makes a session, whose cookie
// only the browser has. A step-up proves again, for five minutes. A role is what
// a person may do at a merchant, or as operator of the platform. A claim links a
// person to a payer. A record is a line of the audit trail.
//
// Rules that always hold:
//   - no password, code, cookie, claim or TOTP secret is in a row as it is, nor
//     in a record, log or error: passwords are argon2id, TOTP secrets are sealed
//     by a key from outside, the rest are SHA-256 of at least 128 random bits;
//   - an unknown login costs the same hash, the same commit and the same sentence
//     as a wrong password, a wrong code or a locked person;
//   - failures are counted in the commit that refuses: of any number of guesses
//     at once, ten are weighed;
//   - a challenge, a recovery code and a claim work once: they are used up in the
//     commit of what they allow;
//   - a TOTP code works once: its step must lie after the last one used;
//   - a session that ended is refused by every node within 5 seconds, and at once
//     by the node that ended it; what changes a person's proofs or roles looks at
//     the session again in its own commit;
//   - nobody loses the last way in, a merchant never loses its last owner, and
//     nobody raises themself;
//   - records are never changed, also by triggers in the database.
//
// Source: W3C WebAuthn Level 3 §7.1, §7.2; RFC 6238; RFC 9106; NIST SP 800-63B-4 §3.1, §5.
package identity
