package ledger

import (
	"encoding/hex"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// View is t in the contract's words.
func View(t Transfer, live bool) *florinv1.Transfer {
	kind := florinv1.TransferKind_value["TRANSFER_KIND_"+strings.ToUpper(string(t.Kind))]
	return &florinv1.Transfer{
		Id: string(t.ID), Object: "transfer", Sequence: t.Sequence, Kind: florinv1.TransferKind(kind),
		Debit: string(t.Debit.Account), Credit: string(t.Credit.Account), Amount: t.Amount.Minor, Currency: string(t.Amount.Currency),
		Hold: string(t.Hold), DebitAfter: t.Debit.Posted, CreditAfter: t.Credit.Posted, Cause: t.Cause,
		CreatedAt: timestamppb.New(t.CreatedAt), Hash: hex.EncodeToString(t.Hash), Livemode: live,
	}
}

// ViewAccount is a in the contract's words.
func ViewAccount(a Account) *florinv1.Account {
	return &florinv1.Account{
		Id: string(a.ID), Object: "account", Owner: a.Name.Owner, Purpose: string(a.Name.Purpose),
		Currency: string(a.Name.Currency), Posted: a.Posted, HeldOut: a.HeldOut, HeldIn: a.HeldIn,
		Transfers: a.Transfers, CreatedAt: timestamppb.New(a.CreatedAt), Livemode: a.Name.Live,
	}
}
