package payer

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

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

func (r *Room) between(ctx context.Context, merchant id.Merchant, live bool, p Page) ([]Payer, bool, error) {
	tail := "where merchant = $1 and live = $2 and id > $3 and id < $4 order by id desc limit $5"
	if p.Before != "" { // the ones nearest to the cursor, then turned round
		tail = "where merchant = $1 and live = $2 and id > $3 and id < $4 order by id limit $5"
	}
	to := "~" // sorts after every id
	if p.After != "" {
		to = string(p.After)
	}
	list, err := rows.Select(ctx, r.db, tail, string(merchant), live, string(p.Before), to, p.Limit+1)
	if err != nil {
		return nil, false, err
	}
	more := len(list) > p.Limit
	if more {
		list = list[:p.Limit]
	}
	if p.Before != "" {
		slices.Reverse(list)
	}
	payers := make([]Payer, len(list))
	for i, row := range list {
		if payers[i], err = row.payer(); err != nil {
			return nil, false, err
		}
	}
	return payers, more, nil
}
