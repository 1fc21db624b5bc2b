-- InfluxDB 1: the database, the place for five-minute points and costs, and the queries that compute the five-minute points.
-- docs/influxdb.md says how to use this file.
CREATE DATABASE energy;
CREATE RETENTION POLICY "5m" ON energy DURATION INF REPLICATION 1;
CREATE CONTINUOUS QUERY telegraf_han_5m ON energy RESAMPLE EVERY 5m FOR 2d BEGIN
  SELECT
    mean(active_power_import_w) AS active_power_import_w, max(active_power_import_w) AS active_power_import_w_max, min(active_power_import_w) AS active_power_import_w_min,
    mean(active_power_export_w) AS active_power_export_w, max(active_power_export_w) AS active_power_export_w_max, min(active_power_export_w) AS active_power_export_w_min,
    mean(reactive_power_import_var) AS reactive_power_import_var, max(reactive_power_import_var) AS reactive_power_import_var_max, min(reactive_power_import_var) AS reactive_power_import_var_min,
    mean(reactive_power_export_var) AS reactive_power_export_var, max(reactive_power_export_var) AS reactive_power_export_var_max, min(reactive_power_export_var) AS reactive_power_export_var_min,
    mean(voltage_l1_v) AS voltage_l1_v, max(voltage_l1_v) AS voltage_l1_v_max, min(voltage_l1_v) AS voltage_l1_v_min,
    mean(voltage_l2_v) AS voltage_l2_v, max(voltage_l2_v) AS voltage_l2_v_max, min(voltage_l2_v) AS voltage_l2_v_min,
    mean(voltage_l3_v) AS voltage_l3_v, max(voltage_l3_v) AS voltage_l3_v_max, min(voltage_l3_v) AS voltage_l3_v_min,
    last(active_energy_import_wh) AS active_energy_import_wh,
    last(active_energy_import_t1_wh) AS active_energy_import_t1_wh,
    last(active_energy_import_t2_wh) AS active_energy_import_t2_wh,
    last(active_energy_import_t3_wh) AS active_energy_import_t3_wh,
    last(active_energy_import_t4_wh) AS active_energy_import_t4_wh,
    last(active_energy_export_wh) AS active_energy_export_wh,
    last(active_energy_export_t1_wh) AS active_energy_export_t1_wh,
    last(active_energy_export_t2_wh) AS active_energy_export_t2_wh,
    last(active_energy_export_t3_wh) AS active_energy_export_t3_wh,
    last(active_energy_export_t4_wh) AS active_energy_export_t4_wh,
    last(limiter_threshold_active_w) AS limiter_threshold_active_w,
    last(limiter_mode) AS limiter_mode
  INTO energy."5m".electricity FROM energy.autogen.electricity GROUP BY time(5m), * END;
CREATE CONTINUOUS QUERY telegraf_han_production_5m ON energy RESAMPLE EVERY 5m FOR 2d BEGIN
  SELECT mean(power_w) AS power_w, max(power_w) AS power_w_max, min(power_w) AS power_w_min, last(energy_wh) AS energy_wh
  INTO energy."5m".electricity_production FROM energy.autogen.electricity_production GROUP BY time(5m), * END
