package main

import (
	"net/netip"

	"github.com/florinpay/florin/internal/webhook"
)

// webhookSource says where deliveries of events may go besides the Internet.
type webhookSource struct {
	WebhookNetwork []netip.Prefix `help:"Network of your own, such as 10.1.0.0/16, to whose addresses webhooks may go: at any port, and by http. Without it they go to public addresses by https only." name:"webhook-network" placeholder:"CIDR" env:"FLORIN_WEBHOOK_NETWORK"`
}

func (c webhookSource) targets() webhook.Targets { return webhook.Targets{Networks: c.WebhookNetwork} }
