package payer

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

// row is a payer as it is stored: its metadata is JSON text with sorted keys.
type row struct {
	Payer
	metadata string
}

var rows = db.NewTable("payer", func(r *row, f *db.Fields) {
	db.Text(f, "id", &r.ID)
	db.Text(f, "merchant", &r.Merchant)
	db.Bool(f, "live", &r.Live)
	db.Time(f, "created_at", &r.CreatedAt)
	db.Text(f, "name", &r.Name)
	db.Text(f, "email", &r.Email)
	db.Text(f, "reference", &r.Reference)
	db.Text(f, "metadata", &r.metadata)
	db.Int(f, "sequence", &r.Sequence)
})

func insert(tx *db.Tx, p Payer) {
	text, err := json.Marshal(p.Metadata)
	if err != nil {
		panic("payer: strings do not marshal: " + err.Error()) // cannot happen: a map of valid strings
	}
	if len(p.Metadata) == 0 {
		text = []byte("{}")
	}
	rows.Insert(tx, row{p, string(text)})
	db.Mark(tx, string(p.ID), p.marks()...)
}

func (r row) payer() (Payer, error) {
	if r.metadata != "{}" {
		if err := json.Unmarshal([]byte(r.metadata), &r.Metadata); err != nil {
			return Payer{}, fmt.Errorf("payer: stored metadata of %s: %w", r.ID, err)
		}
	}
	return r.Payer, nil
}

func (r *Room) byID(ctx context.Context, merchant id.Merchant, live bool, payer id.Payer) (Payer, bool, error) {
	row, found, err := rows.First(ctx, r.db, "where id = $1 and merchant = $2 and live = $3", string(payer), string(merchant), live)
	if err != nil || !found {
		return Payer{}, false, err
	}
	p, err := row.payer()
	return p, true, err
}

func (r *Room) search(ctx context.Context, merchant id.Merchant, live bool, f Filter) ([]Payer, string, error) {
	s := db.Search[row, string]{Limit: f.Page.Limit, Key: func(r *row) string { return string(r.ID) }}
	wanted := Payer{Merchant: merchant, Live: live, Email: f.Email, Reference: f.Reference, Metadata: f.Metadata}
	for _, word := range wanted.marks() {
		s.Ways = append(s.Ways, db.ByWord(word))
	}
	if len(s.Ways) == 0 {
		s.Ways = []db.Way{{Table: "payer", Key: "id", Where: owned, Each: [][]any{{string(merchant), live}}}}
	}
	s.Check = owned + " and created_at >= $3 and created_at <= $4"
	s.Args = []any{string(merchant), live, db.Micros(f.From), db.MicrosUntil(f.To)}
	s.Picky = !f.From.IsZero() || !f.To.IsZero()
	over, under := id.Between[id.Payer](f.From, f.To)
	s.Over, s.Under = string(over), string(under)
	s.Start(f.Page.After, f.Page.Before)
	list, next, err := db.Walk(ctx, r.db, rows, s)
	if err != nil {
		return nil, "", err
	}
	payers, err := shown(list)
	return payers, next, err
}

// owned is what every row of a merchant's list holds.
const owned = "merchant = $1 and live = $2"

// marks are the words that p is found by.
func (p *Payer) marks() (words []string) {
	if p.Reference != "" {
		words = append(words, p.word("reference", p.Reference))
	}
	if p.Email != "" {
		words = append(words, p.word("email", p.Email))
	}
	for _, key := range slices.Sorted(maps.Keys(p.Metadata)) {
		words = append(words, p.word("metadata", key, p.Metadata[key]))
	}
	return words
}

func (p *Payer) word(parts ...string) string {
	return db.Word(append([]string{string(p.Merchant), strconv.FormatBool(p.Live), "payer"}, parts...)...)
}

// Some reads those of a merchant's payers that are named, in no order.
func (r *Room) Some(ctx context.Context, merchant id.Merchant, live bool, keys []string) ([]Payer, error) {
	list, err := rows.Among(ctx, r.db, keys, owned, string(merchant), live)
	if err != nil {
		return nil, err
	}
	return shown(list)
}

func shown(list []row) (payers []Payer, err error) {
	payers = make([]Payer, len(list))
	for i, row := range list {
		if payers[i], err = row.payer(); err != nil {
			return nil, err
		}
	}
	return payers, nil
}
