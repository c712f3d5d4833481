// Package vault keeps card numbers so that nobody else has to. A card goes in
// once and is known by its token from then on; its number comes out only on the
// way to a connector, by [Vault.Send].
//
// Keys. Each mode, live and sandbox, has two keysets of its own. The numbers
// keyset (AES-256-GCM) seals card numbers; [Vault.RotateData] replaces it. The
// digests keyset (a PRF, HMAC-SHA-256) makes fingerprints and tokens; it lives as
// long as they do. Both are stored wrapped by a key-encryption key that comes
// from outside the database, behind [Wrapper]; [Vault.RotateKEK] replaces that.
//
// Invariants, each with a test:
//
//   - the same card (number and expiry) of one merchant in one mode has one token,
//     which cannot be computed without the vault's key and is not a card number;
//   - a sealed number opens only in its own row: it is bound to mode, merchant,
//     token and key version;
//   - a retired key seals nothing: each new card is checked against the current
//     keyset in its own commit;
//   - the CVV is never stored, and neither it nor a number is in an error or a log;
//   - a deleted card's number is gone and its token pays no more, unless the payer
//     gives the same card again.
//
// Nonces are 96 random bits, so one numbers key must seal less than 2^32 cards;
// rotate it yearly. Sources: PCI DSS 4.0.1 requirements 3.3 to 3.7; NIST SP
// 800-38D §8.3 for the bound.
package vault
