"""Everything that is not a GET, by its operation."""

from collections.abc import Callable

from connector.sandbox import aggregates, audiences, campaigns, content, imports, reports
from connector.sandbox.call import Answer, Call

WRITES: dict[str, Callable[[Call], Answer]] = {
    "create_campaign": campaigns.create_campaign,
    "update_campaign": campaigns.update_campaign,
    "delete_campaign": campaigns.delete_campaign,
    "update_campaign_message": campaigns.update_campaign_message,
    "update_image_for_campaign_message": campaigns.set_image,
    "assign_template_to_campaign_message": campaigns.assign_template,
    "create_campaign_clone": campaigns.clone_campaign,
    "send_campaign": campaigns.send_campaign,
    "cancel_campaign_send": campaigns.cancel_send,
    "refresh_campaign_recipient_estimation": campaigns.estimate,
    "create_template": content.create_template,
    "update_template": content.update_template,
    "delete_template": content.delete_template,
    "clone_template": content.clone_template,
    "render_template": content.render_template,
    "create_universal_content": content.create_universal,
    "update_universal_content": content.update_universal,
    "delete_universal_content": content.delete_universal,
    "upload_image_from_url": content.image_from_url,
    "upload_image_from_file": content.image_upload,
    "update_image": content.update_image,
    "create_list": audiences.create_list,
    "update_list": audiences.update_list,
    "delete_list": audiences.delete_list,
    "add_profiles_to_list": audiences.add_profiles,
    "remove_profiles_from_list": audiences.remove_profiles,
    "create_segment": audiences.create_segment,
    "update_segment": audiences.update_segment,
    "delete_segment": audiences.delete_segment,
    "create_profile": imports.create_profile,
    "update_profile": imports.update_profile,
    "create_or_update_profile": imports.import_profile,
    "bulk_import_profiles": imports.bulk_import,
    "merge_profiles": imports.merge,
    "query_campaign_values": reports.campaign_values,
    "query_flow_values": reports.flow_values,
    "query_flow_series": reports.flow_series,
    "query_segment_values": reports.segment_values,
    "query_segment_series": reports.segment_series,
    "query_metric_aggregates": aggregates.query,
}
