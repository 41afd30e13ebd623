DROP TABLE mails, mailboxes;
