package payment

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

var (
	cafe  = id.Derive[id.Merchant]("cafe")
	pub   = id.Derive[id.Merchant]("pub")
	began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

// store puts payments into the database in a few large commits.
func store(t testing.TB, d *db.DB, list []Payment) {
	t.Helper()
	for some := range slices.Chunk(list, 10_000) {
		err := d.Write(context.Background(), nil, func(tx *db.Tx) error {
			for _, p := range some {
				insert(tx, p)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// nth is a payment made n times 10 ms after the beginning: every third is the pub's,
// and of the café's few carry what a filter may look for.
func nth(n int) Payment {
	at := began.Add(time.Duration(n) * 10 * time.Millisecond)
	p := Payment{
		ID: id.New[id.Payment](at), Merchant: cafe, Amount: money.New(int64(n%1000+1), "USD"), Source: fmt.Sprintf("wal_%d", n%5000),
		CreatedAt: at, State: Succeeded, Captured: 1,
	}
	if n%3 == 0 {
		p.Merchant = pub
		return p
	}
	switch {
	case n%100 == 1:
		p.State = Failed
	case n < 50:
		p.State, p.Amount.Currency = RequiresCapture, "EUR"
	}
	if n%2 == 0 {
		p.Details.Metadata = map[string]string{"shop": "7"}
	}
	if n%20_000 == 2 {
		p.Details.Metadata, p.Details.Reference = map[string]string{"shop": "7", "order": "1"}, "rare"
	}
	return p
}

// wanted says in Go what a filter says in SQL.
func (f *Filter) wanted(p Payment) bool {
	for k, v := range f.Metadata {
		if have, ok := p.Details.Metadata[k]; !ok || have != v {
			return false
		}
	}
	return p.Merchant == cafe && (f.State == "" || p.State == f.State) && (f.From.IsZero() || !p.CreatedAt.Before(f.From)) &&
		(f.To.IsZero() || !p.CreatedAt.After(f.To)) && p.Amount.Minor >= f.AmountMin && (f.AmountMax == 0 || p.Amount.Minor <= f.AmountMax) &&
		(f.Currency == "" || string(p.Amount.Currency) == f.Currency) && (f.Source == "" || p.Source == f.Source) &&
		(f.Reference == "" || p.Details.Reference == f.Reference)
}

// filters are one of each and the combinations that could go wrong: common with rare,
// rare with rare, and what no index knows.
func filters(n int) map[string]Filter {
	middle := began.Add(time.Duration(n/2) * 10 * time.Millisecond)
	shop := map[string]string{"shop": "7"}
	return map[string]Filter{
		"none":                      {},
		"succeeded":                 {State: Succeeded},
		"failed":                    {State: Failed},
		"requires_capture, old":     {State: RequiresCapture},
		"processing, none":          {State: Processing},
		"from":                      {From: middle},
		"to":                        {To: middle},
		"an hour":                   {From: middle, To: middle.Add(time.Hour)},
		"one instant":               {From: middle, To: middle},
		"currency, old":             {Currency: "EUR"},
		"amount":                    {AmountMin: 7, AmountMax: 7},
		"amounts, none":             {AmountMin: 5000},
		"source":                    {Source: "wal_7"},
		"reference":                 {Reference: "rare"},
		"reference, none":           {Reference: "never"},
		"metadata, common":          {Metadata: shop},
		"metadata, rare and common": {Metadata: map[string]string{"shop": "7", "order": "1"}},
		"metadata and failed":       {Metadata: shop, State: Failed},
		"metadata and old state":    {Metadata: shop, State: RequiresCapture},
		"metadata and currency":     {Metadata: shop, Currency: "EUR"},
		"reference in a time":       {Reference: "rare", From: began, To: middle},
		"everything":                {Metadata: shop, Reference: "rare", State: Succeeded, AmountMin: 1, AmountMax: 900, Currency: "USD", From: began},
	}
}

const manyStored = 210_000

// TestAPageExaminesABoundedNumberOfRows: among many payments, whatever is asked for, no
// page reads a table, sorts, or looks at more than its share.
func TestAPageExaminesABoundedNumberOfRows(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		list := make([]Payment, manyStored)
		for n := range list {
			list[n] = nth(n)
		}
		store(t, d, list)
		watched, seen := dbtest.Recorded(d)
		desk := NewDesk(Config{DB: watched})
		for round := range 2 {
			for name, f := range filters(manyStored) {
				for _, page := range []Page{{Limit: 100}, {Limit: 100, After: string(list[manyStored/2+1].ID)}, {Limit: 100, Before: string(list[manyStored/2+1].ID)}} {
					f.Page, *seen = page, nil
					if _, _, err := desk.List(t.Context(), cafe, false, f); err != nil {
						t.Fatal(err)
					}
					examined := 0
					for _, q := range *seen {
						examined += dbtest.Examined(t, d, q, db.ExaminedMax+1)
					}
					// Keys, then rows; and for each way of several the look whether it is narrow.
					if most := (2+3)*db.ExaminedMax + 10; examined > most {
						t.Errorf("%s %+v: %d rows and entries examined, %d at most", name, page, examined, most)
					}
					if len(*seen) > 40 {
						t.Errorf("%s: %d queries", name, len(*seen))
					}
				}
			}
			if round == 0 && d.Engine() == "postgres" { // again with statistics
				if err := d.Query(t.Context(), "analyze", func(db.Row) error { return nil }); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// walked gives all pages of a list from one end to the other, newest first.
func walked(t *testing.T, desk *Desk, f Filter, back bool, oldest string) (ids []id.Payment) {
	t.Helper()
	if back {
		f.Page.Before = oldest
	}
	for range 10_000 {
		list, next, err := desk.List(t.Context(), cafe, false, f)
		if err != nil {
			t.Error(err)
			return nil
		}
		page := make([]id.Payment, len(list))
		for i, p := range list {
			page[i] = p.ID
		}
		if back {
			ids = append(page, ids...)
		} else {
			ids = append(ids, page...)
		}
		if next == "" {
			return ids
		}
		if f.Page.After = next; back {
			f.Page.After, f.Page.Before = "", next
		}
	}
	t.Error("the list has no end")
	return ids
}

// TestAWalkMeetsEveryLastingPaymentOnce: while others insert and change payments, all
// pages of every list, either way, hold what matched throughout exactly once, in order.
func TestAWalkMeetsEveryLastingPaymentOnce(t *testing.T) {
	t.Parallel()
	const many = 6000 // more than two pages may examine
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		desk := NewDesk(Config{DB: d})
		list := make([]Payment, many)
		for n := range list {
			list[n] = nth(n)
		}
		store(t, d, list)
		unsteady := func(n int) bool { return n%10 == 5 } // these change their state
		ctx, stop := context.WithCancel(t.Context())
		var busy sync.WaitGroup
		busy.Go(func() { disturb(ctx, t, d, list, unsteady) })
		defer busy.Wait()
		defer stop()
		for name, f := range filters(many) {
			for _, back := range []bool{false, true} {
				f.Page.Limit = 20 + rand.IntN(81) // smaller pages would be thousands, and chase what is added
				var want []id.Payment
				lasting := map[id.Payment]bool{}
				for n, p := range slices.Backward(list) {
					if f.wanted(p) && !unsteady(n) && (!back || p.ID > list[1].ID) {
						want = append(want, p.ID)
						lasting[p.ID] = true
					}
				}
				got := walked(t, desk, f, back, string(list[1].ID))
				if !slices.IsSortedFunc(got, func(a, b id.Payment) int { return -compare(a, b) }) || len(slices.Compact(slices.Clone(got))) != len(got) {
					t.Errorf("%s, back %t: not in order, or twice", name, back)
				}
				got = slices.DeleteFunc(got, func(p id.Payment) bool { return !lasting[p] })
				if !slices.Equal(got, want) {
					t.Errorf("%s, back %t, %d a page: %d of %d payments", name, back, f.Page.Limit, len(got), len(want))
				}
			}
		}
	})
}

func compare(a, b id.Payment) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// disturb adds payments, as many as there are, and moves some between states, until ctx
// ends.
func disturb(ctx context.Context, t *testing.T, d *db.DB, list []Payment, unsteady func(int) bool) {
	states := []State{Succeeded, Failed, RequiresCapture, Processing}
	for n := len(list); ctx.Err() == nil; n++ {
		p, i := nth(n), rand.IntN(len(list)/10)*10+5
		if !unsteady(i) {
			panic("only unsteady payments may change")
		}
		err := d.Write(context.Background(), []db.Lock{payments.Lock(string(list[i].ID))}, func(tx *db.Tx) error {
			if n < 2*len(list) {
				insert(tx, p)
			}
			changed, _ := payments.Get(tx, string(list[i].ID))
			changed.State = states[rand.IntN(len(states))]
			payments.Update(tx, changed)
			return nil
		})
		if err != nil {
			t.Error(err)
			return
		}
	}
}

// TestPagesMissAndRepeatNothingWhileOthersPay: payments come between the queries of one
// page, and of one page and the next.
func TestPagesMissAndRepeatNothingWhileOthersPay(t *testing.T) {
	t.Parallel()
	euro := func(n int) Payment {
		p := nth(n)
		if p.Merchant = cafe; n%7 == 0 {
			p.Amount.Currency = "EUR"
		}
		return p
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var all []Payment
		for n := range 700 {
			all = append(all, euro(n+50))
		}
		store(t, d, all)
		inside, most := false, 0
		watched := d.Watch(func(string, []any) {
			if inside || len(all) >= most {
				return
			}
			inside = true
			var news []Payment
			for range 20 {
				news = append(news, euro(len(all)+len(news)+50))
			}
			store(t, d, news)
			all = append(all, news...)
			inside = false
		})
		desk := NewDesk(Config{DB: watched})
		for _, start := range []Page{{Limit: 30}, {Limit: 30, Before: string(all[0].ID)}} {
			most = len(all) + 700
			var seen []string
			for page := start; ; {
				rows, next, err := desk.List(t.Context(), cafe, false, Filter{Currency: "EUR", Page: page})
				if err != nil {
					t.Fatal(err)
				}
				if start.Before != "" {
					slices.Reverse(rows)
				}
				for _, p := range rows {
					seen = append(seen, string(p.ID))
				}
				if next == "" {
					break
				}
				if page = (Page{Limit: 30, After: next}); start.Before != "" {
					page = Page{Limit: 30, Before: next}
				}
			}
			slices.Sort(seen)
			var want []string
			for _, p := range all {
				if p.Amount.Currency == "EUR" && string(p.ID) > start.Before && string(p.ID) <= seen[len(seen)-1] {
					want = append(want, string(p.ID))
				}
			}
			if !slices.Equal(seen, want) {
				t.Errorf("%+v: %d payments were listed, not the %d that there are", start, len(seen), len(want))
			}
		}
	})
}
