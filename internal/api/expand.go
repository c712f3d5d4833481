package api

import (
	"context"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/payer"
	"github.com/florinpay/florin/internal/payment"
	"github.com/florinpay/florin/internal/vault"
	"github.com/florinpay/florin/internal/wallet"
	"github.com/florinpay/florin/internal/wire"
)

// openable is what expand may open of a noun: fields with the id of something else.
type openable map[string]struct {
	scopes []string // all are needed to see what is opened
	below  openable
}

var (
	ofWallet  = openable{"payer": {[]string{"payers:read"}, nil}}
	ofPayment = openable{
		"source":      {[]string{"cards:read", "wallets:read"}, ofWallet},
		"destination": {[]string{"wallets:read"}, ofWallet},
	}
	ofOrder = openable{"payment": {[]string{"payments:read"}, ofPayment}} // a refund or a dispute
)

// paths are what a caller may write, two levels deep.
func (o openable) paths() (list []string) {
	for name, x := range o {
		list = append(list, name)
		for below := range x.below {
			list = append(list, name+"."+below)
		}
	}
	slices.Sort(list)
	return list
}

// opening is what to open of each object, and what of that.
type opening map[string]opening

// openingOf reads the paths of expand. Errors: fault.ErrInvalid that names the paths
// there are; fault.ErrScope if the key may not read what would be opened.
func openingOf(ctx context.Context, expand []string, o openable) (opening, error) {
	wanted := opening{}
	for _, path := range expand {
		if known := o.paths(); !slices.Contains(known, path) {
			return nil, wire.Invalid(fault.Field{Pointer: "/expand", Code: wire.CodeNotAllowed, Detail: "Must be of: " + strings.Join(known, ", ") + "."})
		}
		at, can := wanted, o
		for name := range strings.SplitSeq(path, ".") {
			for _, scope := range can[name].scopes {
				if !callOf(ctx).Caller.Scopes.Has(scope) {
					return nil, lacks(ctx, scope, "expand="+path)
				}
			}
			if at[name] == nil {
				at[name] = opening{}
			}
			at, can = at[name], can[name].below
		}
	}
	return wanted, nil
}

// Expander reads what expand opens: one query for each noun of a page. Another
// merchant's objects, and cards that are deleted, stay closed.
type Expander struct {
	Payments *payment.Desk
	Wallets  *wallet.Desk
	Payers   *payer.Room
	Vault    *vault.Vault
}

// ofPayments opens what is wanted of payments.
func (e Expander) ofPayments(ctx context.Context, list []*florinv1.Payment, wanted opening) error {
	source, opensSource := wanted["source"]
	destination, opensDestination := wanted["destination"]
	if !opensSource && !opensDestination {
		return nil
	}
	keys := map[string]bool{}
	for _, p := range list {
		keys[p.Source] = keys[p.Source] || opensSource
		keys[p.Destination] = keys[p.Destination] || opensDestination
	}
	cards, err := e.cards(ctx, keys)
	if err != nil {
		return err
	}
	wallets, err := e.wallets(ctx, keys)
	if err != nil {
		return err
	}
	var owned []*florinv1.Wallet // those of which the payer is to be opened
	show := func(key string, below opening) *florinv1.Wallet {
		w := wallets[key]
		if _, opens := below["payer"]; opens && w != nil {
			w = proto.CloneOf(w)
			owned = append(owned, w)
		}
		return w
	}
	for _, p := range list {
		if c := cards[p.Source]; c != nil {
			p.OpenedSource = &florinv1.Payment_SourceCard{SourceCard: c}
		} else if w := show(p.Source, source); w != nil && opensSource {
			p.OpenedSource = &florinv1.Payment_SourceWallet{SourceWallet: w}
		}
		if w := show(p.Destination, destination); w != nil && opensDestination {
			p.OpenedDestination = &florinv1.Payment_DestinationWallet{DestinationWallet: w}
		}
	}
	return e.ofWallets(ctx, owned, opening{"payer": nil})
}

// ofWallets opens what is wanted of wallets.
func (e Expander) ofWallets(ctx context.Context, list []*florinv1.Wallet, wanted opening) error {
	if _, opens := wanted["payer"]; !opens || len(list) == 0 {
		return nil
	}
	keys := map[string]bool{}
	for _, w := range list {
		keys[w.Payer] = true
	}
	c := callOf(ctx).Caller
	rows, err := e.Payers.Some(ctx, c.Merchant, c.Live, named[id.Payer](keys))
	if err != nil {
		return err
	}
	payers := byID(views(rows, payer.View))
	for _, w := range list {
		if p := payers[w.Payer]; p != nil {
			w.OpenedPayer = &florinv1.Wallet_PayerObject{PayerObject: p}
		}
	}
	return nil
}

// payments reads the payments that orders name, opened as wanted below them.
func (e Expander) payments(ctx context.Context, keys map[string]bool, wanted opening) (map[string]*florinv1.Payment, error) {
	below, opens := wanted["payment"]
	if !opens {
		return nil, nil
	}
	c := callOf(ctx).Caller
	rows, err := e.Payments.Some(ctx, c.Merchant, c.Live, named[id.Payment](keys))
	if err != nil {
		return nil, err
	}
	list := views(rows, payment.View)
	return byID(list), e.ofPayments(ctx, list, below)
}

func (e Expander) ofRefunds(ctx context.Context, list []*florinv1.Refund, wanted opening) error {
	keys := map[string]bool{}
	for _, r := range list {
		keys[r.Payment] = true
	}
	payments, err := e.payments(ctx, keys, wanted)
	for _, r := range list {
		if p := payments[r.Payment]; p != nil {
			r.OpenedPayment = &florinv1.Refund_PaymentObject{PaymentObject: p}
		}
	}
	return err
}

func (e Expander) ofDisputes(ctx context.Context, list []*florinv1.Dispute, wanted opening) error {
	keys := map[string]bool{}
	for _, x := range list {
		keys[x.Payment] = true
	}
	payments, err := e.payments(ctx, keys, wanted)
	for _, x := range list {
		if p := payments[x.Payment]; p != nil {
			x.OpenedPayment = &florinv1.Dispute_PaymentObject{PaymentObject: p}
		}
	}
	return err
}

func (e Expander) cards(ctx context.Context, keys map[string]bool) (map[string]*florinv1.Card, error) {
	rows, err := e.Vault.Some(ctx, callOf(ctx).owner(), named[id.Card](keys))
	return byID(views(rows, vault.View)), err
}

func (e Expander) wallets(ctx context.Context, keys map[string]bool) (map[string]*florinv1.Wallet, error) {
	c := callOf(ctx).Caller
	rows, err := e.Wallets.Some(ctx, c.Merchant, c.Live, named[id.Wallet](keys))
	if err != nil {
		return nil, err
	}
	list, err := e.Wallets.ViewAll(ctx, rows)
	return byID(list), err
}

// named are the ids of one noun among keys that are to be opened, in their order.
func named[T id.Noun](keys map[string]bool) (list []string) {
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if keys[key] && id.Has[T](key) {
			list = append(list, key)
		}
	}
	return list
}

func byID[View interface{ GetId() string }](list []View) map[string]View {
	m := make(map[string]View, len(list))
	for _, v := range list {
		m[v.GetId()] = v
	}
	return m
}
