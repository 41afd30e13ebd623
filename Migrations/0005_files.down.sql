DROP TABLE egress_log, files;
