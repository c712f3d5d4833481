package payer_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/payer"
)

var (
	cafe   = id.Derive[id.Merchant]("cafe")
	bakery = id.Derive[id.Merchant]("bakery")
	origin = event.Origin{Request: id.Derive[id.Request]("one"), IdempotencyKey: "once"}
)

func draft() payer.Draft {
	return payer.Draft{
		Merchant: cafe, Name: "Ada Lovelace", Email: "ada@example.com", Reference: "customer 7",
		Metadata: map[string]string{"tier": "gold", "note": "line one\nline \"two\" </script> \x00 é"}, Origin: origin,
	}
}

func create(t *testing.T, r *payer.Room, d payer.Draft) payer.Payer {
	t.Helper()
	p, err := r.Create(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func key(t *testing.T, text, fingerprint string) *idempotency.Key {
	t.Helper()
	k, err := idempotency.New(string(cafe), false, text, []byte(fingerprint))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func all(t *testing.T, r *payer.Room) []payer.Payer {
	t.Helper()
	list, next, err := r.List(t.Context(), cafe, false, payer.Filter{Page: db.Page{Limit: 100}})
	if err != nil || next != "" {
		t.Fatal(next, err)
	}
	return list
}

func TestAPayerIsWhatWasAskedFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := payer.New(d, clock.System{})
		full, bare, live := draft(), payer.Draft{Merchant: cafe}, draft()
		live.Live = true
		for _, want := range []payer.Draft{full, bare, live} {
			p := create(t, r, want)
			if !id.Valid(p.ID) || p.CreatedAt.IsZero() || p.Merchant != cafe || p.Live != want.Live || p.Name != want.Name ||
				p.Email != want.Email || p.Reference != want.Reference || !reflect.DeepEqual(p.Metadata, want.Metadata) {
				t.Errorf("made %+v of %+v", p, want)
			}
			got, err := r.Get(t.Context(), cafe, want.Live, p.ID)
			if err != nil || !reflect.DeepEqual(got, p) {
				t.Errorf("stored %+v, %v; made %+v", got, err, p)
			}
			told, _, err := event.NewLog(d).List(t.Context(), cafe, want.Live, event.Filter{Page: db.Page{Limit: 1}})
			if err != nil || told[0].Type != "payer.created" || told[0].Origin != want.Origin || told[0].Fact.Object != string(p.ID) || !proto.Equal(told[0].Object(), payer.View(p)) {
				t.Errorf("told %+v, %v", told, err)
			}
		}
		v := payer.View(create(t, r, full))
		if v.GetObject() != "payer" || v.GetName() != full.Name || v.GetEmail() != full.Email || v.GetReference() != full.Reference || v.GetMetadata()["tier"] != "gold" || v.GetLivemode() {
			t.Errorf("shown as %v", v)
		}
	})
}

func TestAPayerKeepsItsOwnMetadata(t *testing.T) {
	r, d := payer.New(dbtest.SQLite(t), clock.System{}), draft()
	p := create(t, r, d)
	d.Metadata["tier"] = "lead"
	if p.Metadata["tier"] != "gold" {
		t.Error("the caller's map is the payer's")
	}
}

func TestARetryMakesNoSecondPayer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := payer.New(d, clock.System{})
		first := draft()
		first.Once = key(t, "k1", "a")
		p := create(t, r, first)
		retry := draft()
		retry.Once = key(t, "k1", "a")
		_, err := r.Create(t.Context(), retry)
		replay, ok := errors.AsType[*idempotency.Replay](err)
		if !ok || replay.Refusal != nil {
			t.Fatalf("the retry gave %v", err)
		}
		answer, err := event.NewLog(d).At(t.Context(), replay.Sequence)
		if err != nil || !proto.Equal(answer.Object(), payer.View(p)) {
			t.Errorf("the replay is of %v, %v", answer, err)
		}
		other := draft()
		other.Once = key(t, "k1", "b")
		if _, err := r.Create(t.Context(), other); !errors.Is(err, idempotency.ErrReused) {
			t.Errorf("the key with another request: %v", err)
		}
		if list := all(t, r); len(list) != 1 {
			t.Errorf("%d payers, want 1", len(list))
		}
		create(t, r, draft())
		create(t, r, draft())
		if list := all(t, r); len(list) != 3 {
			t.Errorf("%d payers without keys, want 3 in all", len(list))
		}
	})
}

func TestOfManyRetriesAtOnceOneWins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := payer.New(d, clock.System{})
		var mu sync.Mutex
		made, replayed := 0, map[int64]bool{}
		var wg sync.WaitGroup
		for range 30 {
			once := key(t, "k1", "a")
			wg.Go(func() {
				try := draft()
				try.Once = once
				_, err := r.Create(t.Context(), try)
				mu.Lock()
				defer mu.Unlock()
				if replay, ok := errors.AsType[*idempotency.Replay](err); ok {
					replayed[replay.Sequence] = true
				} else if err == nil {
					made++
				} else {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if made != 1 || len(replayed) != 1 || len(all(t, r)) != 1 {
			t.Errorf("%d made, replays of %v, %d stored", made, replayed, len(all(t, r)))
		}
	})
}

func TestARefusedRequestLeavesItsKeyFree(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := payer.New(d, clock.System{})
		bad := draft()
		bad.Email, bad.Once = "ada", key(t, "k1", "a")
		if _, err := r.Create(t.Context(), bad); !errors.Is(err, fault.ErrInvalid) {
			t.Fatalf("a bad request gave %v", err)
		}
		corrected := draft()
		corrected.Once = key(t, "k1", "b")
		create(t, r, corrected)
	})
}

func TestBadDraftsAreRefusedPlaceByPlace(t *testing.T) {
	r := payer.New(dbtest.SQLite(t), clock.System{})
	many := map[string]string{}
	for i := range payer.MetadataMax + 1 {
		many[fmt.Sprint(i)] = ""
	}
	long := func(n int) string { return strings.Repeat("é", n+1) }
	for name, c := range map[string]struct {
		pointer string
		spoil   func(*payer.Draft)
	}{
		"long name":      {"/name", func(d *payer.Draft) { d.Name = long(payer.NameMax) }},
		"nul":            {"/name", func(d *payer.Draft) { d.Name = "a\x00b" }},
		"not text":       {"/reference", func(d *payer.Draft) { d.Reference = "a\xffb" }},
		"long reference": {"/reference", func(d *payer.Draft) { d.Reference = long(payer.ReferenceMax) }},
		"no at":          {"/email", func(d *payer.Draft) { d.Email = "ada" }},
		"two at":         {"/email", func(d *payer.Draft) { d.Email = "ada@b@c" }},
		"no domain":      {"/email", func(d *payer.Draft) { d.Email = "ada@" }},
		"many":           {"/metadata", func(d *payer.Draft) { d.Metadata = many }},
		"empty key":      {"/metadata", func(d *payer.Draft) { d.Metadata[""] = "x" }},
		"long key":       {"/metadata", func(d *payer.Draft) { d.Metadata[long(payer.MetadataKeyMax)] = "x" }},
		"long value":     {"/metadata/a~1b~0c", func(d *payer.Draft) { d.Metadata["a/b~c"] = long(payer.MetadataValueMax) }},
		"value not text": {"/metadata/x", func(d *payer.Draft) { d.Metadata["x"] = "\xff" }},
	} {
		d := draft()
		c.spoil(&d)
		_, err := r.Create(t.Context(), d)
		if f := fault.Of(err); !errors.Is(err, fault.ErrInvalid) || len(f.Fields) != 1 || f.Fields[0].Pointer != c.pointer {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list := all(t, r); len(list) != 0 {
		t.Errorf("%d payers were stored", len(list))
	}
	d := draft()
	delete(many, "0")
	d.Name, d.Reference, d.Metadata = long(payer.NameMax-1), long(payer.ReferenceMax-1), many
	create(t, r, d) // everything at its limit
}

func TestAnothersPayerDoesNotExist(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := payer.New(d, clock.System{})
		p := create(t, r, draft())
		for name, c := range map[string]struct {
			merchant id.Merchant
			live     bool
			payer    id.Payer
		}{
			"another merchant": {bakery, false, p.ID},
			"another mode":     {cafe, true, p.ID},
			"another id":       {cafe, false, id.Derive[id.Payer]("none")},
			"odd bytes":        {cafe, false, "payer_\x00\xff"},
			"nothing":          {cafe, false, ""},
		} {
			if got, err := r.Get(t.Context(), c.merchant, c.live, c.payer); !errors.Is(err, fault.ErrNotFound) || got.ID != "" {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
			if list, _, err := r.List(t.Context(), c.merchant, c.live, payer.Filter{Page: db.Page{Limit: 9, After: string(c.payer)}}); c.payer != "" && !errors.Is(err, fault.ErrNotFound) {
				t.Errorf("%s as a cursor: %v, %v", name, list, err)
			}
		}
		for _, live := range []bool{false, true} {
			if list, _, err := r.List(t.Context(), bakery, live, payer.Filter{Page: db.Page{Limit: 9}}); len(list) != 0 || err != nil {
				t.Errorf("another merchant's list is %v, %v", list, err)
			}
		}
	})
}

func TestListsRunBothWays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := payer.New(d, clock.System{})
		var ids []id.Payer // newest first
		for range 5 {
			ids = append([]id.Payer{create(t, r, draft()).ID}, ids...)
		}
		for name, c := range map[string]struct {
			page db.Page
			want []id.Payer
			more bool
		}{
			"first":        {db.Page{Limit: 2}, ids[:2], true},
			"all":          {db.Page{Limit: 5}, ids, false},
			"after":        {db.Page{Limit: 2, After: string(ids[1])}, ids[2:4], true},
			"last":         {db.Page{Limit: 2, After: string(ids[2])}, ids[3:], false},
			"past the end": {db.Page{Limit: 2, After: string(ids[4])}, nil, false},
			"before":       {db.Page{Limit: 2, Before: string(ids[3])}, ids[1:3], true},
			"to the start": {db.Page{Limit: 2, Before: string(ids[2])}, ids[:2], false},
			"at the start": {db.Page{Limit: 2, Before: string(ids[0])}, nil, false},
		} {
			list, next, err := r.List(t.Context(), cafe, false, payer.Filter{Page: c.page})
			var got []id.Payer
			for _, p := range list {
				got = append(got, p.ID)
				if p.Metadata["tier"] != "gold" {
					t.Errorf("%s: listed without its metadata: %+v", name, p)
				}
			}
			if err != nil || (next != "") != c.more || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s: %v, %q, %v; want %v, %v", name, got, next, err, c.want, c.more)
			}
		}
	})
}
