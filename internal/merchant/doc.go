// Package merchant keeps who is paid: a business with its country, its state,
// the fees that the platform keeps of its payments, and the largest payment it
// may take.
//
// A fee is a share in basis points (hundredths of a percent), rounded half to
// even, and for cards a fixed part in the minor units of the payment's own
// currency. A fee is never above its payment.
//
// Rules that always hold:
//   - a suspended merchant is refused by every node within 5 seconds, and at once
//     by the node that suspended it;
//   - id, country and fees do not change; the state does, and each change is an event in
//     both modes.
package merchant
