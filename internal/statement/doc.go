// Package statement tells what moved a merchant's balance in one currency on one day:
// as an object, and as a file in JSON, CSV or ISO 20022 camt.053.001.08. It also holds
// the ledger against a merchant's own record and names every difference. It only reads.
//
// Words: a day is a UTC day. An entry is one posted movement of the merchant's balance
// account: a hold moves nothing until it is posted. A statement is final when nothing
// can be added to it any more. A record is what the merchant has written down.
//
// Invariants:
//
//   - the opening balance and the entries add up to the closing balance, and each entry's
//     balance follows from the one before: a statement that would not is refused;
//   - the closing balance of a day is the opening balance of the next;
//   - all of a statement that is not final is read from one snapshot of the database;
//     what is final does not change;
//   - the file of a final day is the same, byte for byte, whenever it is asked for.
//
// Source: ISO 20022 camt.053.001.08 (BankToCustomerStatementV08), RFC 4180.
package statement
