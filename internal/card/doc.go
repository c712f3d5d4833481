// Package card holds what is printed on a payment card while it walks from the
// entry to the vault and from the vault to a connector: [Number], [Expiry],
// [CVV], and the [Brand] that a number tells.
//
// A number or a CVV cannot leave by accident: every fmt verb, slog and panic
// print ****, every encoder gets an error, and its digits lie where printing
// libraries that look into unexported fields cannot follow. Only Reveal gives
// them. Parse errors never repeat the input.
//
// This package may be imported by the vault, the connectors and the one entry
// that hands a number to the vault, and by nobody else.
//
// Sources: ISO/IEC 7812-1 for numbers and their check digit; PCI DSS 4.0.1
// requirements 3.3 (no CVV is ever kept), 3.4.1 and 3.5.1.
package card
