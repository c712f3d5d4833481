package statement

import (
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// View is s in the contract's words, with some of its entries.
func View(s Statement, list []Entry, more bool) *florinv1.Statement {
	v := &florinv1.Statement{
		Id: string(s.ID), Object: "statement", Date: s.Date(), Currency: string(s.Currency), Merchant: string(s.Merchant), Account: string(s.Account),
		OpeningBalance: s.Opening, ClosingBalance: s.Closing, TotalCredited: s.Credited, TotalDebited: s.Debited, EntryCount: s.Count(),
		Final: s.Final, CreatedAt: timestamppb.New(s.At), Livemode: s.Live, HasMore: more,
	}
	for _, e := range list {
		v.Entries = append(v.Entries, ViewEntry(e))
	}
	if more && len(list) > 0 {
		v.NextCursor = string(list[len(list)-1].Transfer)
	}
	return v
}

// ViewEntry is e in the contract's words.
func ViewEntry(e Entry) *florinv1.StatementEntry {
	kind := florinv1.StatementEntryKind_value["STATEMENT_ENTRY_KIND_"+strings.ToUpper(string(e.Kind))]
	return &florinv1.StatementEntry{
		Transfer: string(e.Transfer), Sequence: e.Sequence, CreatedAt: timestamppb.New(e.CreatedAt), Kind: florinv1.StatementEntryKind(kind),
		Amount: e.Amount.Minor, Currency: string(e.Amount.Currency), BalanceAfter: e.After, Cause: e.Cause, Payment: string(e.Payment),
		Reference: e.Reference, Description: e.Description,
	}
}
