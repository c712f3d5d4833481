// Package oauth is the authorization server: it gives programs tokens with which they
// may act for somebody, and tells the doors whether a token is good.
//
// Words. A client is a program that asks. A request is what it asks a person for; it is
// pushed, opened by a browser, and granted or denied once. A grant is what the person
// allowed; another room keeps it and its limits ([Grants]), this one keeps what its tokens
// say (an approval). A code, a refresh token or a device code is exchanged for an access
// token, which lives five minutes, names its grant and carries no limits.
//
// Invariants:
//   - every secret is 256 random bits and is kept as its SHA-256 only;
//   - every change of state is one commit on locked rows: a code, a decision, a device
//     code or an assertion has its effect once, whoever races on whichever node;
//   - a code or a rotated refresh token that comes again ends its grant;
//   - a private key leaves the database sealed, and only the signing one signs;
//   - what is revoked is refused everywhere within five seconds;
//   - amounts in authorization details are integers that are read exactly.
//
// A refusal is a [Fail]: OAuth's own JSON, not a problem document. The pages where people
// sign in and decide belong to others, who call [Server.Open], [Server.Decide],
// [Server.Device], [Server.DecideDevice] and [Server.Logout].
//
// Standards: RFC 6749, 6750, 7009, 7517, 7519, 7521, 7523, 7591, 7592, 7636, 7638, 7662,
// 8252, 8414, 8628, 8705, 8725, 9068, 9101, 9126, 9207, 9396, 9449, 9700, 9701; OpenID
// Connect Core, Discovery and RP-Initiated Logout 1.0; JARM; FAPI 2.0 Security Profile and
// Message Signing.
package oauth
