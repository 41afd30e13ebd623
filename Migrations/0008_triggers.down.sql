DROP TRIGGER runs_tell_webhooks ON runs;
DROP FUNCTION tell_webhooks();
DROP TABLE webhook_deliveries, webhook_receipts, webhooks, schedule_firings, schedules;
